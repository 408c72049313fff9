package io.arvid.cli;

import io.arvid.record.Progress;
import io.arvid.run.ShapesTraining;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code arvid train shapes}: makes the bundled model, or goes on making it. */
@Command(
        name = "train",
        description = "Trains the model of the shapes world; run again, it goes on where it stopped.",
        mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
    /** What can be trained. */
    enum What {
        SHAPES
    }

    @Parameters(index = "0", paramLabel = "WHAT", description = "What to train: ${COMPLETION-CANDIDATES}.")
    private What what = What.SHAPES;

    @Option(names = "--states", paramLabel = "FOLDER", description = "Where training states are kept (default: ${DEFAULT-VALUE}).")
    private Path states = Path.of("runs", "train-shapes");

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "FOLDER", description = "Where the finished model goes.")
    private Path target = Path.of("model");

    @Option(names = "--threads", paramLabel = "N", description = "Threads of one operation (default: ${DEFAULT-VALUE}).")
    private int threads = 1;

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        Torch.setThreads(threads);
        Progress progress = output.progress();
        Map<String, Progress.Stage> stages = new HashMap<>();
        try {
            new ShapesTraining(states, target, (phase, step, totalSteps, loss, norm) -> stages.computeIfAbsent(
                                    phase, name -> progress.begin(name, totalSteps - step + 1))
                            .step())
                    .run();
        } finally {
            stages.values().forEach(Progress.Stage::close);
        }
        output.line("written to " + target);
        output.result(Map.of("trained", what.name().toLowerCase(java.util.Locale.ROOT), "folder", target.toString()));
        return 0;
    }
}
