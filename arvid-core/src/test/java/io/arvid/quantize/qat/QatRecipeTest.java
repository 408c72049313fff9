package io.arvid.quantize.qat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.quantize.recipe.RecipeFile;
import java.nio.file.Path;
import java.util.List;
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
                + ", \"decay\": \"cosine\", \"initialIterations\": 1, \"resetMoments\": false}";
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
    void whatCannotBeTrainedIsRefused() {
        String grid = "\"grid\": {\"bits\": 4, \"symmetric\": false}";
        String scheme = "\"scheme\": {\"weights\": {" + grid
                + ", \"at\": \"per-channel\"}, \"inputs\": {\"rule\": \"stepwise\", " + grid
                + ", \"buckets\": {\"by\": %s}}, \"skip\": [], \"kv\": {\"rule\": \"full\"}}";
        String fixed = "\"inputs\": {\"learnedClipping\": false, \"buckets\": 50}, ";
        String byTimestep = scheme.formatted("\"timestep\", \"count\": 7");
        assertThat(of(fixed + byTimestep).inputs().learnedClipping()).isFalse();
        assertThatThrownBy(() -> of(byTimestep)).hasMessageContaining("inputs.learnedClipping");
        String inner = "\"inner\": {\"by\": \"timestep\", \"count\": 4}";
        for (String byChunk : List.of("\"chunk\", \"count\": 7", "\"chunk-and\", \"chunks\": 7, " + inner)) {
            assertThatThrownBy(() -> of(fixed + scheme.formatted(byChunk)))
                    .hasMessageContaining("by chunk cannot be trained");
        }
        String optimizer =
                "\"optimizer\": {\"muon\": false, \"beta1\": 0.9, \"beta2\": 0.95, \"weightDecay\": 0, \"clipNorm\": %s,"
                        + " \"averageDecay\": %s}";
        assertThatThrownBy(() -> of(optimizer.formatted("0", "0"))).hasMessageContaining("clipNorm must be positive");
        assertThatThrownBy(() -> of(optimizer.formatted("1", "1"))).hasMessageContaining("averageDecay");
    }

    @Test
    void targetsAreMixedWithTheTeacherOnClipsOfTheDatasetOnly() {
        String loss = "\"loss\": {\"teacher\": %s, \"targetMix\": 5}";
        assertThat(of(loss.formatted(true)).loss().targetMix()).isEqualTo(5);
        assertThatThrownBy(() -> of(loss.formatted(false))).hasMessageContaining("loss.targetMix needs the teacher");
        QatRecipe mixed = read("qvgen-dsa-w4a4");
        QatRecipe.Training selfForced = read("qvgen-self-forced-w4a4").training();
        assertThatThrownBy(() -> new QatRecipe(
                        mixed.scheme(),
                        mixed.seed(),
                        mixed.follow(),
                        mixed.weights(),
                        mixed.inputs(),
                        mixed.auxiliary(),
                        mixed.loss(),
                        mixed.rates(),
                        mixed.optimizer(),
                        selfForced))
                .hasMessageContaining("clips of the dataset");
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
