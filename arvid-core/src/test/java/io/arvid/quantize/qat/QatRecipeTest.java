package io.arvid.quantize.qat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.quantize.scheme.KvPlan;
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
        String fixed = "\"inputs\": {\"learnedClipping\": false, \"buckets\": 7}, ";
        String byTimestep = scheme.formatted("\"timestep\", \"count\": 7");
        assertThat(of(fixed + byTimestep).inputs().learnedClipping()).isFalse();
        assertThatThrownBy(() -> of(byTimestep)).hasMessageContaining("inputs.learnedClipping");
        String inner = "\"inner\": {\"by\": \"timestep\", \"count\": 4}";
        for (String byChunk : List.of("\"chunk\", \"count\": 7", "\"chunk-and\", \"chunks\": 7, " + inner)) {
            assertThatThrownBy(() -> of(fixed + scheme.formatted(byChunk)))
                    .hasMessageContaining("by chunk cannot be trained");
        }
        assertThatThrownBy(() -> of(fixed.replace('7', '8') + byTimestep))
                .hasMessageContaining("buckets of another number");
        assertThatThrownBy(() -> of(scheme.formatted("\"timestep\", \"count\": 50")
                        .replace("\"bits\": 4, \"symmetric\": false", "\"bits\": 1, \"symmetric\": true")))
                .hasMessageContaining("nothing but zero");
    }

    @Test
    void numbersThatMakeNoSenseAreRefused() {
        String optimizer =
                "\"optimizer\": {\"muon\": %s, \"beta1\": %s, \"beta2\": 0.95, \"weightDecay\": 0, \"clipNorm\": %s,"
                        + " \"averageDecay\": %s}";
        assertThatThrownBy(() -> of(optimizer.formatted("false", "0.9", "0", "0")))
                .hasMessageContaining("clipNorm must be positive");
        assertThatThrownBy(() -> of(optimizer.formatted("false", "0.9", "1", "1")))
                .hasMessageContaining("averageDecay");
        assertThatThrownBy(() -> of(optimizer.formatted("false", "1", "1", "0")))
                .hasMessageContaining("beta1");
        String adapter =
                "\"weights\": {\"train\": \"adapter\", \"adapterRank\": %s, \"gradientScaling\": true, \"roundingExponent\": %s}";
        assertThatThrownBy(() -> of(adapter.formatted("0", "1"))).hasMessageContaining("adapterRank must be positive");
        assertThatThrownBy(() -> of(adapter.formatted("4", "0.5"))).hasMessageContaining("roundingExponent");
        String noModule = auxiliary(0, 0).replace("\"rank\": 32", "\"rank\": 0") + ", ";
        assertThatThrownBy(() -> of(
                        noModule + optimizer.formatted("true", "0.9", "1", "0") + ", " + adapter.formatted("4", "1")))
                .hasMessageContaining("adapters are trained by AdamW");
        assertThatThrownBy(() -> of(auxiliary(0, 0).replace("32", "3"))).hasMessageContaining("a power of two");
    }

    @Test
    void aCacheIsQuantizedWhereTheModelGeneratesWhatItLearnsOn() {
        String cache = "{\"rule\": \"grouped\", \"bits\": 4, \"groupSize\": 0, \"along\": \"channels\"}";
        assertThat(withCache("qvgen-self-forced-w4a4", cache).scheme().kv()).isInstanceOf(KvPlan.Grouped.class);
        assertThatThrownBy(() -> withCache("qvgen-w4a4", cache)).hasMessageContaining("only self-forced training");
    }

    private static QatRecipe withCache(String name, String cache) {
        String json = RecipeFile.read(RECIPES.resolve(name + ".json")).json().toString();
        return (QatRecipe) RecipeFile.parse(json.replace("\"kv\":{\"rule\":\"full\"}", "\"kv\":" + cache))
                .recipe();
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
