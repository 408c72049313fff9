package io.arvid.cli;

import io.arvid.quantize.QuantContext;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.record.Progress;
import io.arvid.run.Generator;
import io.arvid.run.GeneratorRollouts;
import io.arvid.run.ModelFolder;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of verbs that roll a model out to calibrate on it. */
final class CalibrationOptions {
    private static final int USUAL_PROMPTS = 16;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec mixee;

    @Option(
            names = "--model",
            paramLabel = "FOLDER",
            description = "Folder of the model; the bundled one where it is not given.")
    private Path model = Home.bundledModel();

    @Option(
            names = "--recipe",
            required = true,
            paramLabel = "FILE",
            description = "Recipe, such as recipes/shapes/q-arvd-w4a8.json for the bundled model; recipes/ has the"
                    + " settings of the papers.")
    private Path recipe = Path.of("recipe.json");

    @Option(
            names = "--prompts",
            paramLabel = "FILE",
            description =
                    "Calibration prompts, one a line; of the bundled world where it is not given; needed with --preset.")
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

    /**
     * Refuses options that would be ignored, and a published model without prompts of its own.
     *
     * @throws ParameterException naming the option
     */
    void check(boolean published) {
        if (promptFile != null) {
            Usage.refuse(
                    mixee, Stream.of("--count"), "is for prompts of the bundled world, not for those of --prompts");
        } else if (published) {
            throw Usage.wrong(
                    mixee, "--preset needs --prompts FILE: the bundled world's prompts are for its own model");
        }
    }

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
        return count != null ? count : Math.max(USUAL_PROMPTS, recipe().prompts());
    }

    /** What a method works on; prompts that it will use and the model does not know are refused here, before any roll-out. */
    QuantContext context(ModelFolder opened, Generator generator, Progress progress) {
        List<String> prompts = prompts();
        prompts.stream().limit(recipe().prompts()).forEach(generator::requireKnownWords);
        return new QuantContext(
                opened.transformer(), new GeneratorRollouts(generator, prompts, seed), null, progress, 2);
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
