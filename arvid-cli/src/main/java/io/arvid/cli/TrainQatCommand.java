package io.arvid.cli;

import io.arvid.pack.PackedSize;
import io.arvid.quantize.qat.DivergedException;
import io.arvid.quantize.qat.QatRecipe;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.record.TrainingLog;
import io.arvid.record.TrainingProgress;
import io.arvid.record.TrainingStep;
import io.arvid.report.TrainingPage;
import io.arvid.run.Generator;
import io.arvid.run.ModelFolder;
import io.arvid.run.QatRun;
import io.arvid.weights.AtomicFolder;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code arvid train qat}: trains a quantized model by a recipe and writes it packed. */
@Command(
        name = "qat",
        description = {
            "Trains a model with its quantizers in place and writes it packed.",
            "Beside the training state lie log.jsonl, a line a step, and training.html with its charts."
        },
        mixinStandardHelpOptions = true)
final class TrainQatCommand implements Callable<Integer> {
    private static final long PAGE_EVERY_NANOS = 20_000_000_000L;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--recipe",
            required = true,
            paramLabel = "FILE",
            description = "Recipe of a method that trains, such as recipes/qvgen-w4a4.json.")
    private Path recipe = Path.of("recipe.json");

    @Option(
            names = "--model",
            paramLabel = "FOLDER",
            description = "Folder of the model; the bundled one where it is not given.")
    private Path model = Home.bundledModel();

    @Option(names = "--steps", paramLabel = "N", description = "Optimizer steps; the recipe's where it is not given.")
    private @Nullable Long steps;

    @Option(names = "--seed", paramLabel = "N", description = "Seed; the recipe's where it is not given.")
    private @Nullable Long seed;

    @Mixin
    private TrainingOptions options = new TrainingOptions();

    @Mixin
    private Output output = new Output();

    private long nextPage = System.nanoTime();

    @Override
    public Integer call() {
        requireSteps(spec, steps);
        options.apply();
        RecipeFile<?> file = changed(RecipeFile.read(MissingException.require(recipe)));
        String name = recipe.getFileName().toString().replaceAll("\\.json$", "");
        Path states = options.states(name);
        Path target = options.target(name);
        AtomicFolder.requireFree(target);
        try (ModelFolder opened = ModelFolder.open(MissingException.require(model));
                Generator generator = new Generator(opened);
                TrainingProgress progress = new TrainingProgress(output.progress(), "training")) {
            PackedSize size = new QatRun(generator).run(file, states, target, step -> {
                progress.onStep(step.step(), step.totalSteps());
                if (System.nanoTime() >= nextPage) {
                    page(states, name, "", true);
                    nextPage = System.nanoTime() + PAGE_EVERY_NANOS;
                }
            });
            page(states, name, "", false);
            output.line(size.text());
            output.line("written to " + target + "; log and charts in " + states);
            output.result(size);
        } catch (DivergedException e) {
            page(states, name, " stopped: " + e.getMessage(), false);
            throw e;
        }
        return 0;
    }

    /** Refuses a number of {@code steps} that is given and less than 1. */
    static void requireSteps(@Nullable CommandSpec spec, @Nullable Long steps) {
        if (steps != null && steps < 1) {
            throw Usage.wrong(spec, "--steps must be at least 1, not " + steps);
        }
    }

    private RecipeFile<?> changed(RecipeFile<?> file) {
        QatRecipe trained = QatRun.trained(file);
        QatRecipe longer = steps == null ? trained : trained.withSteps(steps);
        return RecipeFile.of(file, seed == null ? longer : longer.withSeed(seed));
    }

    /** The charts of all steps of {@code name} so far; {@code end} says why there are no more. */
    private static void page(Path states, String name, String end, boolean live) {
        TreeMap<String, List<TrainingStep>> runs = new TreeMap<>();
        runs.put(name, TrainingLog.read(states.resolve(QatRun.LOG)));
        TrainingPage.write(states.resolve("training.html"), "Training " + name + end, runs, List.of(), live);
    }
}
