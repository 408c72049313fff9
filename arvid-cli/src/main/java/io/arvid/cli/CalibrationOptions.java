package io.arvid.cli;

import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.RecipeFile;
import io.arvid.record.Progress;
import io.arvid.run.Generator;
import io.arvid.run.GeneratorRollouts;
import io.arvid.run.ModelFolder;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of verbs that roll a model out to calibrate on it. */
final class CalibrationOptions {
    private static final int USUAL_PROMPTS = 16;

    @Option(
            names = "--model",
            paramLabel = "FOLDER",
            description = "Folder of the model; the bundled one where it is not given.")
    private Path model = Home.bundledModel();

    @Option(
            names = "--recipe",
            required = true,
            paramLabel = "FILE",
            description = "Recipe, such as recipes/q-arvd-w4a8.json.")
    private Path recipe = Path.of("recipe.json");

    @Option(
            names = "--prompts",
            paramLabel = "FILE",
            description = "Calibration prompts, one a line; of the bundled world where it is not given.")
    private @Nullable Path promptFile;

    @Option(
            names = "--count",
            paramLabel = "N",
            description =
                    "How many prompts to take from the bundled world (default: 16, or more where the recipe wants more).")
    private @Nullable Integer count;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of the first prompt's noise (default: ${DEFAULT-VALUE}).")
    private long seed = 1_000_000;

    ModelFolder open() {
        return ModelFolder.open(MissingException.require(model));
    }

    RecipeFile<?> recipe() {
        return RecipeFile.read(MissingException.require(recipe));
    }

    List<String> prompts() {
        return promptFile == null ? Home.calibrationPrompts(promptCount()) : Home.lines(promptFile);
    }

    private int promptCount() {
        if (count != null) {
            return count;
        }
        int wanted = recipe().needs() instanceof Needs.Rollouts rollouts ? rollouts.prompts() : 0;
        return Math.max(USUAL_PROMPTS, wanted);
    }

    QuantContext context(ModelFolder opened, Generator generator, Progress progress) {
        return new QuantContext(
                opened.transformer(), new GeneratorRollouts(generator, prompts(), seed), null, progress, 2);
    }

    Path model() {
        return model;
    }

    long seed() {
        return seed;
    }

    /** Everything that a sensitivity measurement depends on. */
    String key(ModelFolder opened) {
        return opened.hash() + " " + recipe().hash() + " " + prompts() + " " + seed;
    }
}
