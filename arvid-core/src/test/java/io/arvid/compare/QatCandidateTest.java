package io.arvid.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.quantize.qat.QatRecipe;
import io.arvid.record.Progress;
import io.arvid.run.Generator;
import io.arvid.run.ModelFolder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QatCandidateTest {
    private static final Path RECIPES = Path.of("..", "recipes");
    private static final Path MODEL = Path.of("..", "models", "shapes");

    @TempDir
    Path run;

    private static QatCandidate qvgen(long seed, Long steps) {
        return QatCandidate.trained(RECIPES.resolve("qvgen-w4a4.json"), seed, steps, false);
    }

    private static QatCandidate gptq(int bits) {
        return QatCandidate.calibrated(RECIPES.resolve("gptq-w4a8.json"), QatCandidate.Inputs.OTHER_BITS, bits);
    }

    @Test
    void namesSaySeedOrInputs() {
        assertThat(qvgen(2, null).name()).isEqualTo("qvgen-w4a4-seed2");
        assertThat(qvgen(2, null).setting()).isEqualTo("w4a4");
        assertThat(gptq(4).name()).isEqualTo("gptq");
        assertThat(gptq(4).setting()).isEqualTo("w4a4");
        assertThat(((QatRecipe) QatCandidate.trained(RECIPES.resolve("qvgen-w4a4.json"), 0, null, true)
                                .recipe()
                                .recipe())
                        .training()
                        .context())
                .isEqualTo(QatRecipe.Context.BIDIRECTIONAL);
    }

    private static String setting(String recipe, QatCandidate.Inputs inputs) {
        return QatCandidate.calibrated(RECIPES.resolve(recipe + ".json"), inputs, 4)
                .setting();
    }

    @Test
    void theSettingHasTheBitsOfTheRecipe() {
        assertThat(setting("minmax-w4a8", QatCandidate.Inputs.AS_GIVEN)).isEqualTo("w4a8");
        assertThat(setting("minmax-w4a8", QatCandidate.Inputs.OTHER_BITS)).isEqualTo("w4a4");
        assertThat(setting("minmax-w4a8", QatCandidate.Inputs.PER_TOKEN)).isEqualTo("w4a4");
        assertThat(setting("gptq-w4g128", QatCandidate.Inputs.AS_GIVEN)).isEqualTo("w4a16");
    }

    @Test
    void recipesOfTheOtherKindAreRefused() {
        Path minmax = RECIPES.resolve("minmax-w4a8.json");
        assertThatThrownBy(() -> QatCandidate.trained(minmax, 0, null, false)).hasMessageContaining("does not train");
        Path lsq = RECIPES.resolve("lsq-w4a4.json");
        assertThatThrownBy(() -> QatCandidate.calibrated(lsq, QatCandidate.Inputs.AS_GIVEN, 4))
                .hasMessageContaining("trains the model");
        Path selfForced = RECIPES.resolve("qvgen-self-forced-w4a4.json");
        assertThat(QatCandidate.trained(selfForced, 0, null, false).isTrained()).isTrue();
        assertThatThrownBy(() -> QatCandidate.trained(selfForced, 0, null, true))
                .hasMessageContaining("self-forced");
        Path bidirectional = RECIPES.resolve("qvgen-bidirectional-w4a4.json");
        assertThat(QatCandidate.trained(bidirectional, 0, null, true).isTrained())
                .isTrue();
        assertThatThrownBy(() -> QatCandidate.trained(bidirectional, 0, null, false))
                .hasMessageContaining("is bidirectional");
    }

    @Test
    void hashesTellWhatAModelDependsOn() {
        try (ModelFolder model = ModelFolder.open(MODEL);
                Generator generator = new Generator(model);
                QatComparison one = comparison(generator, List.of("a prompt"), List.of("red"));
                QatComparison morePrompts = comparison(generator, List.of("a prompt", "another"), List.of("red"));
                QatComparison otherCalibration = comparison(generator, List.of("a prompt"), List.of("blue"))) {
            Map<String, String> trained = one.dependsOn(qvgen(0, null));
            assertThat(morePrompts.dependsOn(qvgen(0, null))).isEqualTo(trained);
            assertThat(otherCalibration.dependsOn(qvgen(0, null))).isEqualTo(trained);
            assertThat(one.dependsOn(qvgen(0, 1200L)))
                    .as("the recipe's own steps")
                    .isEqualTo(trained);
            assertThat(one.dependsOn(qvgen(0, 12L))).isNotEqualTo(trained);
            assertThat(one.dependsOn(qvgen(1, null))).isNotEqualTo(trained);
            Map<String, String> calibrated = one.dependsOn(gptq(4));
            assertThat(morePrompts.dependsOn(gptq(4))).isEqualTo(calibrated);
            assertThat(otherCalibration.dependsOn(gptq(4))).isNotEqualTo(calibrated);
            assertThat(one.dependsOn(gptq(6))).isNotEqualTo(calibrated);
        }
    }

    @Test
    void promptsOfSensitivitiesCountWhereAMethodMeasuresThem() {
        // Calibrated on one prompt; sensitivities on four.
        Path recipe = RECIPES.resolve("q-arvd-code-w4a8.json");
        QatCandidate measuring = QatCandidate.calibrated(recipe, QatCandidate.Inputs.AS_GIVEN, 4);
        try (ModelFolder model = ModelFolder.open(MODEL);
                Generator generator = new Generator(model);
                QatComparison one = comparison(generator, List.of("a prompt"), List.of("red", "green"));
                QatComparison other = comparison(generator, List.of("a prompt"), List.of("red", "blue"))) {
            assertThat(other.dependsOn(measuring)).isNotEqualTo(one.dependsOn(measuring));
            assertThat(other.dependsOn(gptq(4))).isEqualTo(one.dependsOn(gptq(4)));
        }
    }

    private QatComparison comparison(Generator generator, List<String> prompts, List<String> calibration) {
        return new QatComparison(generator, new QatComparison.Settings(run, prompts, 1, calibration), Progress.SILENT);
    }
}
