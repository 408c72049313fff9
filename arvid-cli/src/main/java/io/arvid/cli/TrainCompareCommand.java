package io.arvid.cli;

import io.arvid.compare.QatCandidate;
import io.arvid.compare.QatComparison;
import io.arvid.compare.QatReport;
import io.arvid.compare.QatScore;
import io.arvid.quantize.qat.DivergedException;
import io.arvid.quantize.qat.QatRecipe;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.record.FindingTable;
import io.arvid.run.Generator;
import io.arvid.run.ModelConfig;
import io.arvid.run.ModelFolder;
import io.arvid.run.QatRun;
import io.arvid.tensor.Torch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code arvid train qat-compare}: trained against calibrated quantization, with several seeds. */
@Command(
        name = "qat-compare",
        description = {
            "Compares quantization-aware training with and without the auxiliary module and with post-training methods.",
            "A bidirectional model is trained on whole clips, whatever context the recipes have.",
            "Stopped and run again, it goes on where it was; a recipe that diverges with one seed is left out and named at the end."
        },
        mixinStandardHelpOptions = true)
final class TrainCompareCommand implements Callable<Integer> {
    private static final int BITS = 4;
    private static final List<String> ONCE = List.of("qvgen-w3a3", "qvgen-self-forced-w4a4");

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--model",
            paramLabel = "FOLDER",
            description = "Folder of the model; the bundled one where it is not given.")
    private Path model = Home.bundledModel();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FOLDER",
            description = "Folder of the run (default: runs/qat-compare-MODEL, by the name of the model's folder).")
    private @Nullable Path output;

    @Option(
            names = "--recipes",
            split = ",",
            paramLabel = "NAME",
            description = "Recipes that are trained with every seed (default: ${DEFAULT-VALUE}).")
    private List<String> recipes = List.of("qvgen-w4a4", "qvgen-plain-w4a4", "lsq-w4a4");

    @Option(
            names = "--once",
            split = ",",
            paramLabel = "NAME",
            description = {
                "Recipes that are trained with the first seed only (default: qvgen-w3a3,qvgen-self-forced-w4a4;",
                "a bidirectional model has no self-forced training)."
            })
    private @Nullable List<String> once;

    @Option(
            names = "--ptq",
            split = ",",
            paramLabel = "METHOD",
            description = {
                "Post-training methods: METHOD for its W4A8 recipe with 4-bit inputs, METHOD+token with inputs dynamic per token,",
                "or the name of a recipe (default: ${DEFAULT-VALUE})."
            })
    private List<String> methods = List.of(
            "minmax",
            "minmax+token",
            "smoothquant",
            "gptq+token",
            "rotation-sylvester+token",
            "svdquant-rank4+token",
            "svdquant-w4a4-g64",
            "q-arvd",
            "arvid-w4a4");

    @Option(names = "--seeds", paramLabel = "N", description = "Seeds (default: ${DEFAULT-VALUE}).")
    private int seeds = 3;

    @Option(names = "--steps", paramLabel = "N", description = "Steps of a run; the recipe's where it is not given.")
    private @Nullable Long steps;

    @Option(names = "--prompts", paramLabel = "N", description = "Held-out prompts (default: ${DEFAULT-VALUE}).")
    private int prompts = 8;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads of one operation (default: ${DEFAULT-VALUE}).")
    private int threads = 2;

    @Mixin
    private Output voice = new Output();

    @Override
    public Integer call() {
        if (seeds < 1) {
            throw Usage.wrong(spec, "--seeds must be at least 1, not " + seeds);
        }
        TrainQatCommand.requireSteps(spec, steps);
        Torch.setThreads(threads);
        QatComparison.Settings settings = new QatComparison.Settings(
                run(), Home.heldOutPrompts(prompts), 1, Home.calibrationPrompts(Home.CALIBRATION_PROMPTS));
        List<QatCandidate> candidates =
                candidates(ModelConfig.read(MissingException.require(model)).sampler() != null);
        try (ModelFolder opened = ModelFolder.open(model);
                Generator generator = new Generator(opened);
                QatComparison comparison = new QatComparison(generator, settings, voice.progress())) {
            candidates.forEach(comparison::requireFit);
            Map<String, List<QatScore>> scores = new LinkedHashMap<>();
            Map<String, String> diverged = new LinkedHashMap<>();
            QatReport report = new QatReport(run(), comparison::log);
            scores.put("full-precision", List.of(comparison.fullPrecision()));
            for (QatCandidate candidate : candidates) {
                if (diverged.containsKey(candidate.method())) {
                    continue;
                }
                try {
                    QatScore score = comparison.score(candidate, step -> {
                        if (step.step() % saveEvery(candidate) == 0) {
                            report.write(scores, candidate.name());
                        }
                    });
                    scores.computeIfAbsent(candidate.method(), key -> new ArrayList<>())
                            .add(score);
                } catch (DivergedException e) {
                    scores.remove(candidate.method()); // A mean of the seeds that are left would flatter it.
                    diverged.put(candidate.method(), candidate.name() + " diverged, " + e.getMessage());
                }
                report.write(scores, candidate.name());
            }
            for (FindingTable table : report.write(scores, null)) {
                print(table);
            }
            diverged.forEach((method, reason) -> voice.note(method + " is left out: " + reason));
            voice.result(scores);
        }
        return 0;
    }

    private static long saveEvery(QatCandidate candidate) {
        return QatRun.trained(candidate.recipe()).training().saveEvery();
    }

    private Path run() {
        return output == null
                ? Path.of(
                        "runs",
                        "qat-compare-" + model.toAbsolutePath().normalize().getFileName())
                : output;
    }

    /** Everything that is compared, once, in the order of the work; whatever cannot be done is refused here, before any of it. */
    List<QatCandidate> candidates(boolean bidirectional) {
        LinkedHashSet<QatCandidate> candidates = new LinkedHashSet<>();
        methods.forEach(method -> candidates.add(calibrated(method)));
        for (int seed = 0; seed < seeds; seed++) {
            for (String name : recipes) {
                candidates.add(QatCandidate.trained(recipe(name), seed, steps, bidirectional));
            }
        }
        for (String name : once == null ? ONCE : once) {
            if (once == null && bidirectional && isSelfForced(name)) {
                voice.note(name + " is left out: the model is bidirectional");
            } else {
                candidates.add(QatCandidate.trained(recipe(name), 0, steps, bidirectional));
            }
        }
        return List.copyOf(candidates);
    }

    private static boolean isSelfForced(String name) {
        return QatRun.trained(RecipeFile.read(recipe(name))).training().context() == QatRecipe.Context.SELF_FORCED;
    }

    private static Path recipe(String name) {
        return MissingException.require(Home.recipes().resolve(name + ".json"));
    }

    private static QatCandidate calibrated(String method) {
        if (method.contains("-w")) {
            return QatCandidate.calibrated(calibratedRecipe(method), QatCandidate.Inputs.AS_GIVEN, BITS);
        }
        String name = method.replace("+token", "");
        return QatCandidate.calibrated(
                calibratedRecipe(name + "-w4a8"),
                name.equals(method) ? QatCandidate.Inputs.OTHER_BITS : QatCandidate.Inputs.PER_TOKEN,
                BITS);
    }

    /** The recipe for the bundled world where there is one. */
    private static Path calibratedRecipe(String name) {
        Path own = Home.recipes().resolve("shapes").resolve(name + ".json");
        return Files.exists(own) ? own : recipe(name);
    }

    private void print(FindingTable table) {
        voice.line(table.title() + " (" + table.note() + ")");
        voice.line(String.join(" | ", table.headings()));
        table.rows().forEach(row -> voice.line(String.join(" | ", row)));
        voice.line("");
    }
}
