package io.arvid.cli;

import io.arvid.compare.CompareRequest;
import io.arvid.compare.MethodComparison;
import io.arvid.compare.ResultsPage;
import io.arvid.evaluate.suite.MetricFiles;
import io.arvid.record.FindingTable;
import io.arvid.record.SourceStamp;
import io.arvid.report.RunFolder;
import io.arvid.tensor.Torch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code arvid compare}: methods against one another on one model, prompts and noise. */
@Command(
        name = "compare",
        description =
                "Quantizes a model by many methods and settings, makes videos of the same prompts and noise with each, and compares them with"
                        + " full precision. A stopped run goes on where it was.",
        mixinStandardHelpOptions = true)
final class CompareCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--model",
            paramLabel = "FOLDER",
            description = "Folder of the model; the bundled one where it is not given.")
    private Path model = Home.bundledModel();

    @Option(
            names = "--recipes",
            split = ",",
            paramLabel = "FOLDER",
            description =
                    "Folders of the recipes METHOD-SETTING.json; the first that has a file counts (default: those of the bundled model, then arvid's others).")
    private List<Path> recipes = List.of(Home.recipes().resolve("shapes"), Home.recipes());

    @Option(
            names = "--methods",
            split = ",",
            paramLabel = "METHOD",
            description = "Methods (default: ${DEFAULT-VALUE}).",
            defaultValue =
                    "minmax,adaround,smoothquant,ptq4dit,svdquant,gptq,rotation-sylvester,vidit-q,qvd,q-arvd,arvid")
    private List<String> methods = List.of();

    @Option(
            names = "--bits",
            split = ",",
            paramLabel = "SETTING",
            description = "Settings (default: ${DEFAULT-VALUE}).",
            defaultValue = "w8a8,w4a8,w4a6")
    private List<String> settings = List.of();

    @Option(
            names = "--ablations",
            split = ",",
            paramLabel = "ID",
            description =
                    "Ablations as well: parts, weighting, alpha, tau, follow, prompts, arvid, arvid-bits, or all.")
    private List<String> ablations = List.of();

    @Option(
            names = "--ablation-bits",
            paramLabel = "SETTING",
            description = "Setting of the ablations (default: ${DEFAULT-VALUE}).")
    private String ablationSetting = "w4a8";

    @Option(
            names = "--prompts",
            paramLabel = "N|FILE",
            description =
                    "How many held-out prompts of the bundled world, or a file with one a line (default: ${DEFAULT-VALUE}).")
    private String prompts = "16";

    @Option(
            names = "--seeds",
            split = ",",
            paramLabel = "N",
            description = "Seeds of the noise, each with every prompt (default: ${DEFAULT-VALUE}).",
            defaultValue = "0")
    private List<Long> seeds = List.of();

    @Option(
            names = "--calibration-prompts",
            paramLabel = "N|FILE",
            description =
                    "How many calibration prompts of the bundled world, or a file with one a line (default: ${DEFAULT-VALUE}).")
    private String calibration = String.valueOf(Home.CALIBRATION_PROMPTS);

    @Option(
            names = "--weights",
            split = ",",
            paramLabel = "NAME=FILE|FOLDER",
            description = "Weights of metrics, as for 'arvid evaluate'.")
    private List<String> weights = List.of();

    @Option(
            names = "--jobs",
            paramLabel = "N",
            description = "Recipes worked on at once (default: one a processor, at most 2).")
    private int jobs = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 2);

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FOLDER",
            description = "Where results go (default: ${DEFAULT-VALUE}).")
    private Path folder = Path.of("runs", "compare");

    @Option(names = "--write-results", paramLabel = "FILE", description = "Write the page of results, in Markdown.")
    private @Nullable Path results;

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        Torch.setThreads(1);
        CompareRequest request = Usage.of(
                spec,
                () -> new CompareRequest(
                        MissingException.require(model),
                        recipes.stream().map(MissingException::require).toList(),
                        folder,
                        methods,
                        settings,
                        ablations.equals(List.of("all")) ? MethodComparison.ablations() : ablations,
                        ablationSetting,
                        isNumber(prompts) ? Home.heldOutPrompts(number(prompts)) : Home.lines(Path.of(prompts)),
                        seeds,
                        isNumber(calibration)
                                ? Home.calibrationPrompts(number(calibration))
                                : Home.lines(Path.of(calibration)),
                        MetricFiles.of(Stream.concat(
                                        Stream.of(Home.bundledMetrics())
                                                .filter(Files::isDirectory)
                                                .map(Path::toString),
                                        weights.stream())
                                .toList()),
                        jobs,
                        Usage.text(spec),
                        SourceStamp.of(Home.path())));
        RunFolder run = MethodComparison.run(request, output.progress());
        run.record().findings().tables().forEach(this::print);
        output.line("report: " + folder.resolve("report.html"));
        if (results != null) {
            ResultsPage.write(results, List.of(run));
            output.line("results: " + results);
        }
        output.result(run.record());
        return 0;
    }

    private void print(FindingTable table) {
        output.line("");
        output.line(table.title());
        output.line(String.join("\t", table.headings()));
        table.rows().forEach(row -> output.line(String.join("\t", row)));
    }

    private static boolean isNumber(String text) {
        return text.matches("\\d{1,6}");
    }

    private static int number(String text) {
        return Integer.parseInt(text);
    }
}
