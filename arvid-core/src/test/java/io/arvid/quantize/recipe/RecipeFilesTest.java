package io.arvid.quantize.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
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

    @ParameterizedTest
    @MethodSource("methods")
    void everyKeyIsDocumented(String method) throws IOException {
        String page = Files.readString(Path.of("..", "docs", "recipes.md"));
        assertThat(page).contains(method);
        List<String> keys = new ArrayList<>();
        addKeys(RecipeFile.parse("{\"method\": \"" + method + "\"}").json(), keys);
        assertThat(keys).contains("scheme").allMatch(key -> page.contains("`" + key + "`"));
    }

    static List<String> methods() {
        return Methods.all().stream().map(method -> method.id()).toList();
    }

    private static void addKeys(JsonNode node, List<String> keys) {
        node.fieldNames().forEachRemaining(keys::add);
        node.forEach(child -> addKeys(child, keys));
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

    private static void refuses(String keys, String why) {
        assertThatThrownBy(() -> RecipeFile.parse("{" + keys + "}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why);
    }

    private static String scheme(String bits, boolean symmetric, String skip) {
        return """
                , "scheme": {"weights": {"grid": {"bits": %s, "symmetric": false}, "at": "per-channel"},
                "inputs": {"rule": "static", "grid": {"bits": 8, "symmetric": %s}}, "skip": [%s],
                "kv": {"rule": "full"}}
                """.formatted(bits, symmetric, skip);
    }

    @Test
    void numbersAreTakenAsTheyAreWritten() {
        refuses("\"method\": \"minmax\"" + scheme("4.7", false, ""), "bits");
        refuses("\"method\": \"minmax\"" + scheme("\"4\"", false, ""), "bits");
        refuses("\"method\": \"minmax\", \"seed\": 1, \"seed\": 2", "seed");
        assertThatThrownBy(() -> RecipeFile.parse("{\"method\": \"minmax\"} {}"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(RecipeFile.parse("{\"method\": \"minmax\"" + scheme("4", false, "") + "}")
                        .recipe()
                        .scheme()
                        .weights()
                        .grid()
                        .bits())
                .isEqualTo(4);
    }

    @Test
    void whatIsNoJsonIsNamedByItsLine() {
        assertThatThrownBy(() -> RecipeFile.parse("{\n  \"method\": \"minmax\"\n  \"seed\": 1\n}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("line 3: ")
                .hasMessageContaining("comma");
        refuses("\"method\": \"minmax\", \"sed\": 1", "unknown key 'sed'; did you mean 'seed'?");
        refuses("\"seed\": 1", "lacks the key 'method', which is one of minmax, adaround, ");
    }

    @Test
    void nullIsNoValue() {
        refuses("\"method\": \"q-arvd\", \"follow\": null", "follow: null");
        refuses("\"method\": \"minmax\", \"range\": null", "range: null");
        String kv = scheme("4", false, "").replace("{\"rule\": \"full\"}", "null");
        refuses("\"method\": \"minmax\"" + kv, "scheme.kv: null");
        refuses("\"method\": \"minmax\", \"rage\": null", "unknown key 'rage'");
        for (String key : List.of("scheme", "range", "branch")) {
            refuses("\"method\": \"svdquant\", \"" + key + "\": null", key + ": null");
        }
        RecipeFile.parse("{\"method\": \"svdquant\", \"gptq\": null}");
        RecipeFile.parse("{\"method\": \"arvid\", \"chunkBits\": null}");
    }

    @Test
    void percentilesNeedAZeroPoint() {
        refuses("\"method\": \"minmax\", \"range\": \"percentile\"" + scheme("4", true, ""), "min-max");
        RecipeFile.parse("{\"method\": \"minmax\", \"range\": \"min-max\"" + scheme("4", true, "") + "}");
        RecipeFile.parse("{\"method\": \"qvd\", \"range\": \"percentile\"" + scheme("4", true, "") + "}");
    }

    @Test
    void whatHasNoEffectIsRefused() {
        String timePath = "\"time_embedding\", \"time_projection\"";
        refuses("\"method\": \"qvd\"" + scheme("4", true, timePath), "companded");
        for (String key : List.of("trainWeightScales", "cosineOnRounding")) {
            String overrides = "\"method\": \"q-arvd\", \"overrides\": {\"" + key + "\": false}";
            refuses(overrides + ", \"solver\": \"gram\"", key);
            RecipeFile.parse("{" + overrides + "}");
        }
    }

    @Test
    void settingsThatCannotWorkAreRefusedBeforeTheyAreUsed() {
        String outliers = """
                "method": "q-arvd", "outliers": {"rule": "mad", "madThreshold": 3.5, "iqrFactor": 1.5, "minRatio": 1.2,
                "align": 0}
                """;
        refuses(outliers, "align 0");
        refuses("\"method\": \"arvid\", \"chunkBits\": {\"widths\": [4, 17], \"average\": 8}", "bits 17");
        refuses("\"method\": \"arvid\"" + scheme("4", false, "\"\""), "no layer is called ''");
        String solver = """
                "method": "arvid", "solver": {"dampings": [0.01], "compensation": [1.0], "widths": [%s],
                "alternations": 1, "sweeps": 2, "refit": true, "feedback": true, "adaround": null}
                """;
        refuses(solver.formatted("0.0"), "widths [0.0]");
        RecipeFile.parse("{" + solver.formatted("0.9") + "}");
    }

    @Test
    void rollOutsNeedPromptsAndTokens() {
        for (String method :
                List.of("minmax", "smoothquant", "gptq", "svdquant", "ptq4dit", "adaround", "qvd", "q-arvd")) {
            refuses("\"method\": \"" + method + "\", \"calibrationPrompts\": 0", "calibrationPrompts: 0");
            refuses("\"method\": \"" + method + "\", \"calibrationPrompts\": -1", "calibrationPrompts: -1");
            refuses("\"method\": \"" + method + "\", \"tokensPerSample\": -1", "tokensPerSample: -1");
        }
        refuses("\"method\": \"arvid\", \"tokensPerSample\": -1", "tokensPerSample: -1");
        RecipeFile.parse("{\"method\": \"rotation\", \"calibrationPrompts\": 0}");
    }

    @Test
    void settingsThatSearchNothingAreRefused() {
        String branch = "\"method\": \"svdquant\", \"branch\": {\"earlyStop\": true, ";
        refuses(branch + "\"rank\": 0, \"iterations\": 100}", "rank 0");
        refuses(branch + "\"rank\": 32, \"iterations\": 0}", "0 iterations");
        refuses("\"method\": \"svdquant\", \"smoothingSteps\": 1", "smoothingSteps: 1");
        RecipeFile.parse("{\"method\": \"svdquant\", \"smoothing\": false, \"smoothingSteps\": 1}");
        String rotation = "\"method\": \"rotation\", \"family\": ";
        refuses(rotation + "\"conv-rot\", \"largestBlock\": 3", "largestBlock: 3");
        refuses(rotation + "\"sylvester\", \"largestBlock\": 1", "largestBlock: 1");
        RecipeFile.parse("{" + rotation + "\"sylvester\", \"largestBlock\": 3}");
        refuses("\"method\": \"qvd\", \"integration\": {\"steps\": 0}", "steps: 0");
    }

    @Test
    void candidatesOfCompandingAreInTheirRanges() {
        String companding = """
                "method": "qvd", "companding": {"exponents": [%s], "clips": [%s], "errorWeight": %s}
                """;
        RecipeFile.parse("{" + companding.formatted("0, 1", "0.5, 1", "0") + "}");
        refuses(companding.formatted("0, 1.5", "1", "1"), "exponents");
        refuses(companding.formatted("1", "0", "1"), "clips");
        refuses(companding.formatted("1", "1.5", "1"), "clips");
        refuses(companding.formatted("1", "1", "-1"), "errorWeight");
    }

    @Test
    void aReconstructionGoesDownhill() {
        String reconstruction = """
                "method": "adaround", "reconstruction": {"iterations": 2000, "batchSize": 8, "roundingRate": %s,
                "inputRate": %s, "roundingWeight": %s, "warmup": 0.2, "betaStart": 20, "betaEnd": %s}
                """;
        RecipeFile.parse("{" + reconstruction.formatted("0.002", "0", "0", "1") + "}");
        refuses(reconstruction.formatted("-0.002", "0", "0.01", "2"), "roundingRate");
        refuses(reconstruction.formatted("0.002", "-1", "0.01", "2"), "inputRate");
        refuses(reconstruction.formatted("0.002", "0", "-0.01", "2"), "roundingWeight");
        refuses(reconstruction.formatted("0.002", "0", "0.01", "0.5"), "betaEnd");
    }

    @Test
    void sensitivitiesAreMeasuredOnPrompts() {
        String none = "\"sensitivityPrompts\": 0";
        for (String method : List.of("q-arvd", "arvid")) {
            refuses("\"method\": \"" + method + "\", \"weighting\": \"sensitivity\", " + none, "sensitivityPrompts: 0");
            RecipeFile.parse("{\"method\": \"" + method + "\", \"weighting\": \"uniform\", " + none + "}");
        }
        String chunkBits = ", \"chunkBits\": {\"widths\": [4, 8], \"average\": 6}";
        refuses("\"method\": \"arvid\", \"weighting\": \"uniform\", " + none + chunkBits, "chunkBits");
    }
}
