package io.arvid.cli;

import io.arvid.run.bench.BenchReport;
import io.arvid.run.bench.BenchSettings;
import io.arvid.run.bench.BenchSettings.Rounds;
import io.arvid.run.bench.Benchmark;
import io.arvid.weights.AtomicFolder;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code arvid bench}: how fast and how large, quantized and not. */
@Command(
        name = "bench",
        description = {
            "Times layers, blocks and chunk steps in the shapes of the 1.3B model with random weights, and roll-outs of the"
                    + " bundled one; measures peak memory.",
            "What is compared runs by turns in one process. Writes bench.md, bench.csv and bench.json."
        },
        mixinStandardHelpOptions = true)
final class BenchCommand implements Callable<Integer> {
    private static final int MOST_THREADS = 2;

    /** Sizes of the random model. */
    enum Size {
        FULL,
        TINY
    }

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--what",
            split = ",",
            paramLabel = "GROUP",
            description = "What is measured: ${COMPLETION-CANDIDATES}; all where none is named.")
    private List<Benchmark.Group> groups = List.of();

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            description = "Shapes of layers, blocks and steps: full is the 1.3B model, tiny tries the command"
                    + " (default: ${DEFAULT-VALUE}).")
    private Size size = Size.FULL;

    @Option(
            names = "--blocks",
            paramLabel = "N",
            description = "Blocks of a chunk step; the 1.3B model has 30 (default: ${DEFAULT-VALUE}).")
    private int blocks = 2;

    @Option(
            names = "--runs",
            paramLabel = "N",
            description = "Timed runs of each; 7 of a layer and 3 of anything longer where it is not given.")
    private @Nullable Integer runs;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads of one operation (default: ${DEFAULT-VALUE}).")
    private int threads = Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors());

    @Option(
            names = "--model",
            paramLabel = "FOLDER",
            description = "Folder of the model that is rolled out; the bundled one where it is not given.")
    private Path model = Home.bundledModel();

    @Option(names = "--prompt", paramLabel = "TEXT", description = "What its video shows.")
    private @Nullable String prompt;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FOLDER",
            description = "Where the tables go (default: ${DEFAULT-VALUE}).")
    private Path folder = Path.of("runs", "bench");

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        if (runs != null && runs < 1 || threads < 1 || blocks < 1) {
            throw Usage.wrong(spec, "--runs, --threads and --blocks must be positive");
        }
        if (size == Size.TINY) {
            Usage.refuse(spec, Stream.of("--blocks"), "is for --size full; the tiny model has its own");
        }
        Set<Benchmark.Group> chosen = groups.isEmpty() ? EnumSet.allOf(Benchmark.Group.class) : EnumSet.copyOf(groups);
        if (!chosen.contains(Benchmark.Group.STEP)) {
            Usage.refuse(spec, Stream.of("--blocks"), "is for --what step");
        }
        if (chosen.contains(Benchmark.Group.ROLLOUT)) {
            MissingException.require(model);
        } else {
            Usage.refuse(spec, Stream.of("--model", "--prompt"), "is for --what rollout");
        }
        AtomicFolder.requireWritable(folder);
        Rounds rounds = runs == null ? Rounds.STANDARD : new Rounds(runs, runs);
        BenchSettings settings = size == Size.FULL
                ? BenchSettings.fullSized(blocks, threads, rounds)
                : BenchSettings.tiny(threads, rounds);
        BenchReport report = Benchmark.run(settings, chosen, model, prompt, Usage.text(spec), output.progress());
        report.write(folder);
        output.line(report.markdown());
        output.line("written to " + folder);
        output.result(report);
        return 0;
    }
}
