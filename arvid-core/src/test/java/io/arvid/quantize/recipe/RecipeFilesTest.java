package io.arvid.quantize.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.model.RolloutStep;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.rollout.DenoiseSchedule;
import io.arvid.rollout.RolloutConfig;
import io.arvid.run.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every file in {@code recipes/} and {@code recipes/shapes/} is a recipe. */
class RecipeFilesTest {
    private static final Path RECIPES = Path.of("..", "recipes");

    static List<Path> recipes() throws IOException {
        try (Stream<Path> files = Files.walk(RECIPES, 2)) {
            return files.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("recipes")
    void isARecipe(Path file) {
        RecipeFile<?> recipe = RecipeFile.read(file);
        assertThat(recipe.recipe().scheme().weights().grid().bits()).isBetween(2, 8);
        assertThat(file.getFileName().toString()).startsWith(recipe.method().id());
    }

    /** The steps of the bundled model, which are those of Self-Forcing: 1000, 937.5, 833.3, 625, and 0 for the context pass. */
    @ParameterizedTest
    @MethodSource("recipes")
    void stepwiseInputsTellAllStepsApart(Path file) {
        if (RecipeFile.read(file).recipe().scheme().inputs()
                instanceof InputRule.Stepwise(IntGrid grid, StepBuckets buckets)) {
            RolloutConfig bundled =
                    ModelConfig.read(Path.of("..", "models", "shapes")).rollout();
            List<Integer> used = new ArrayList<>(List.of(buckets.of(RolloutStep.wholeClip(3, bundled.contextNoise()))));
            for (float timestep : new DenoiseSchedule(bundled).timesteps()) {
                used.add(buckets.of(RolloutStep.wholeClip(3, timestep)));
            }
            assertThat(used).hasSize(5).doesNotHaveDuplicates();
        }
    }

    @Test
    void bucketsOfChunksAndStepsFollowOneAnother() {
        StepBuckets buckets = new StepBuckets.ByChunkAnd(3, new StepBuckets.ByTimestep(20));
        assertThat(buckets.count()).isEqualTo(60);
        assertThat(buckets.of(new RolloutStep(0, 0, false, 0, 3, 1000))).isEqualTo(19);
        assertThat(buckets.of(new RolloutStep(1, 4, true, 3, 3, 0))).isEqualTo(20);
        assertThat(buckets.of(new RolloutStep(9, 1, false, 27, 3, 937.5))).isEqualTo(58);
        RolloutStep given = new RolloutStep(-1, 0, true, 0, 3, 0);
        assertThat(buckets.of(given)).isEqualTo(buckets.of(new RolloutStep(0, 4, true, 0, 3, 0)));
        assertThat(new StepBuckets.ByChunk(3).of(given)).isZero();
    }

    @Test
    void inputsHaveNoGranularityOfWeights() {
        assertThatThrownBy(() -> new InputRule.Dynamic(IntGrid.asymmetric(8), Granularity.of("per-channel")))
                .hasMessage("inputs are quantized per-tensor, per-token or group-N, not per-channel");
    }

    @Test
    void promptsOfSensitivitiesAreRequiredWhereTheyAreMeasured() {
        RecipeFile<?> qArvd = RecipeFile.parse("{\"method\": \"q-arvd\"}");
        assertThat(qArvd.requiredPrompts(false)).isEqualTo(4);
        assertThat(qArvd.requiredPrompts(true)).isEqualTo(1);
        assertThat(RecipeFile.parse("{\"method\": \"q-arvd\", \"weighting\": \"halving\"}")
                        .requiredPrompts(false))
                .isEqualTo(1);
        assertThat(RecipeFile.parse("""
                        {"method": "arvid", "sensitivityPrompts": 9, "chunkBits": {"widths": [4, 6, 8], "average": 6}}
                        """).requiredPrompts(true)).isEqualTo(9);
    }

    @Test
    void aTableOfTemporalFeaturesNeedsTheTimePathInFullPrecision() {
        assertThatThrownBy(() -> RecipeFile.parse("{\"method\": \"qvd\", \"htdq\": \"table\"}"))
                .hasMessageContaining("time_projection");
    }
}
