package io.arvid.quantize.qat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.quantize.RecipeFile;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class QatRecipeTest {
    private static final Path RECIPES = Path.of("..", "recipes");

    private static QatRecipe read(String name) {
        return (QatRecipe) RecipeFile.read(RECIPES.resolve(name + ".json")).recipe();
    }

    private static QatRecipe of(String json) {
        return (QatRecipe)
                RecipeFile.parse("{\"method\": \"qvgen\", " + json + "}").recipe();
    }

    private static String auxiliary(int phaseSteps, int warmUp) {
        return "\"auxiliary\": {\"rank\": 32, \"phaseSteps\": " + phaseSteps + ", \"warmUp\": " + warmUp
                + ", \"decay\": \"cosine\", \"initialIterations\": 1}";
    }

    @Test
    void aShorterRunFadesTheModuleFaster() {
        QatRecipe official = read("qvgen-official-w4a4");
        assertThat(official.withSteps(2667)).isEqualTo(official);
        for (long steps : new long[] {6, 10, 300, 2666, 9000}) {
            assertThat(official.withSteps(steps).rankSchedule().rank(steps))
                    .as("rank after " + steps + " steps")
                    .isZero();
        }
        assertThat(of(auxiliary(300, 600)).withSteps(1000).auxiliary().warmUp()).isEqualTo(224);
        assertThatThrownBy(() -> official.withSteps(5)).hasMessageContaining("gone after 6 steps");
    }

    @Test
    void aModuleThatOutlastsTheRunIsRefused() {
        assertThatThrownBy(() -> of(auxiliary(445, 0)))
                .hasMessageContaining("gone after 2670 steps, but training.steps is 2667");
        assertThatThrownBy(() -> of(auxiliary(444, 4))).hasMessageContaining("gone after 2668 steps");
        assertThatThrownBy(() -> of(auxiliary(0, 2662))).hasMessageContaining("gone after 2668 steps");
        assertThat(of(auxiliary(444, 3)).rankSchedule().rank(2667)).isZero();
    }
}
