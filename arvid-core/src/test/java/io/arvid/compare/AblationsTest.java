package io.arvid.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.quantize.qarvd.QArvdRecipe;
import io.arvid.quantize.recipe.RecipeFile;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class AblationsTest {
    private static RecipeFile<?> recipe(String method) {
        return RecipeFile.read(Path.of("..", "recipes", "shapes", method + "-w4a8.json"));
    }

    @Test
    void everyVariationIsARecipeOfItsOwnAndOneIsUnchanged() {
        for (Ablations.Ablation ablation : Ablations.ALL) {
            RecipeFile<?> base = recipe(ablation.method());
            List<String> hashes = ablation.variants().stream()
                    .map(variant -> Ablations.varied(base, variant).hash())
                    .toList();
            assertThat(hashes).as(ablation.id()).doesNotHaveDuplicates().contains(base.hash());
        }
    }

    @Test
    void objectsAreMerged() {
        RecipeFile<?> varied = Ablations.varied(
                recipe("q-arvd"), new Ablations.Variant("τ", "{\"outliers\": {\"madThreshold\": 4.5}}"));
        QArvdRecipe changed = (QArvdRecipe) varied.recipe();
        assertThat(changed.outliers().madThreshold()).isEqualTo(4.5);
        assertThat(changed.outliers().minRatio()).isEqualTo(1.2);
    }

    @Test
    void namesTheNearestAblation() {
        assertThatThrownBy(() -> Ablations.named("weights")).hasMessageContaining("weighting");
    }

    @Test
    void takesOfOnePromptShareItsNumberAndNoTwoTheirNoise() {
        List<Take> takes = Take.all(List.of("a", "b"), List.of(0L, 7L));
        assertThat(takes)
                .extracting(take -> Take.promptOf(take.name()))
                .containsExactly("p000", "p000", "p001", "p001");
        assertThat(takes).extracting(Take::seed).doesNotHaveDuplicates();
        assertThat(takes.getLast().seed()).isEqualTo(1007);
        assertThatThrownBy(() -> Take.all(List.of("a", "b"), List.of(0L, 1000L)))
                .hasMessageContaining("seeds [0, 1000] give two videos the same noise");
    }
}
