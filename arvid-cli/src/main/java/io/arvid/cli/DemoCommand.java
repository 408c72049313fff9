package io.arvid.cli;

import io.arvid.Pipeline;
import io.arvid.RunSettings;
import io.arvid.report.RunFolder;
import io.arvid.tensor.Torch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code arvid demo}: quantizes the bundled model, generates videos with and without quantization, and reports. */
@Command(
        name = "demo",
        description =
                "Quantizes the bundled model with MinMax and Q-ARVD, generates the same videos, and writes a report.",
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FOLDER",
            description = "Where results go (default: ${DEFAULT-VALUE}).")
    private Path folder = Path.of("runs", "demo");

    @Option(
            names = "--prompts",
            paramLabel = "N",
            description = "Held-out prompts to compare on (default: ${DEFAULT-VALUE}).")
    private int prompts = 8;

    @Option(names = "--bits", split = ",", paramLabel = "SETTING", description = "Settings (default: w8a8,w4a8,w4a6).")
    private List<String> bits = List.of("w8a8", "w4a8", "w4a6");

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of the first prompt's noise (default: ${DEFAULT-VALUE}).")
    private long seed = 0;

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        if (prompts < 1) {
            throw Usage.wrong(spec, "--prompts must be at least 1, not " + prompts);
        }
        Torch.setThreads(1);
        RunSettings settings = new RunSettings(
                MissingException.require(Home.bundledModel()),
                MissingException.require(Home.recipes().resolve("shapes")),
                folder,
                List.of("minmax", "q-arvd"),
                bits,
                Home.heldOutPrompts(prompts),
                Home.calibrationPrompts(12),
                seed,
                3,
                Files.isDirectory(Home.bundledMetrics()) ? Home.bundledMetrics() : null,
                Usage.text(spec));
        RunFolder run = Pipeline.run(settings, output.progress());
        run.record()
                .findings()
                .comparisons()
                .forEach(comparison -> comparison
                        .metric("latent-mse")
                        .ifPresent(mse -> output.line(String.format(
                                "%-8s %s  latent MSE %.5f [%.5f, %.5f]",
                                comparison.method(),
                                comparison.setting(),
                                mse.overall().mean(),
                                mse.overall().low(),
                                mse.overall().high()))));
        output.line("report: " + folder.resolve("report.html"));
        output.result(run.record());
        return 0;
    }
}
