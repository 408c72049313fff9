package io.arvid.cli;

import io.arvid.record.Progress;
import io.arvid.rollout.train.TrainingListener;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of everything that trains. */
final class TrainingOptions {
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

    /** Folder of the training states of {@code what}. */
    Path states(String what) {
        return states == null ? Path.of("runs", "train-" + what) : states;
    }

    /** Folder of the finished model. */
    Path target() {
        return target;
    }

    /** Sets the number of threads. */
    void apply() {
        Torch.setThreads(threads);
    }

    /** Work that tells a listener about its steps. */
    @FunctionalInterface
    interface Training {
        void run(TrainingListener listener);
    }

    /** Runs {@code training} with a stage of progress for each of its phases. */
    void train(Progress progress, Training training) {
        apply();
        Map<String, Progress.Stage> stages = new HashMap<>();
        try {
            training.run((phase, step, totalSteps, loss, norm) -> stages.computeIfAbsent(
                            phase, stage -> progress.begin(stage, totalSteps - step + 1))
                    .step());
        } finally {
            stages.values().forEach(Progress.Stage::close);
        }
    }
}
