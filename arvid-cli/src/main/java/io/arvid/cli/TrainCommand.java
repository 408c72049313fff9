package io.arvid.cli;

import io.arvid.evaluate.shapes.ShapesMetricsTraining;
import io.arvid.record.Progress;
import io.arvid.rollout.train.TrainingListener;
import io.arvid.run.ShapesTraining;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code arvid train}: makes the bundled model or the bundled metrics, or goes on making them. */
@Command(
        name = "train",
        description = {
            "Trains the model of the shapes world, or the networks of its metrics fvd-shapes and lpips-shapes.",
            "Run again, it goes on where it stopped."
        },
        mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
    /** What can be trained. */
    enum What {
        SHAPES,
        METRICS
    }

    @Parameters(index = "0", paramLabel = "WHAT", description = "What to train: ${COMPLETION-CANDIDATES}.")
    private What what = What.SHAPES;

    @Option(
            names = "--states",
            paramLabel = "FOLDER",
            description = "Where training states are kept (default: runs/train-WHAT).")
    private @Nullable Path states;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "FOLDER",
            description = "Where the finished model goes.")
    private Path target = Path.of("model");

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads of one operation (default: ${DEFAULT-VALUE}).")
    private int threads = 1;

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        Torch.setThreads(threads);
        String name = what.name().toLowerCase(Locale.ROOT);
        Path stateFolder = states == null ? Path.of("runs", "train-" + name) : states;
        Progress progress = output.progress();
        Map<String, Progress.Stage> stages = new HashMap<>();
        TrainingListener listener = (phase, step, totalSteps, loss, norm) -> stages.computeIfAbsent(
                        phase, stage -> progress.begin(stage, totalSteps - step + 1))
                .step();
        try {
            switch (what) {
                case SHAPES -> new ShapesTraining(stateFolder, target, listener).run();
                case METRICS -> {
                    ShapesMetricsTraining.Figures figures =
                            new ShapesMetricsTraining(stateFolder, target, listener).run();
                    output.line(String.format(
                            "fvd-shapes on fresh clips: %.1f %% of labels right, motions %.3f pixels a frame off",
                            100 * figures.labelAccuracy(), figures.motionError()));
                }
            }
        } finally {
            stages.values().forEach(Progress.Stage::close);
        }
        output.line("written to " + target);
        output.result(Map.of("trained", name, "folder", target.toString()));
        return 0;
    }
}
