package io.arvid.cli;

import io.arvid.record.Progress;
import io.arvid.record.TrainingLog;
import io.arvid.record.TrainingProgress;
import io.arvid.record.TrainingStep;
import io.arvid.report.TrainingPage;
import io.arvid.rollout.train.TrainingListener;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options of everything that trains. */
final class TrainingOptions {
    private static final long PAGE_EVERY_NANOS = 30_000_000_000L;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec verb;

    @Option(
            names = "--states",
            paramLabel = "FOLDER",
            description = "Where training states are kept (default: runs/train-WHAT).")
    private @Nullable Path states;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FOLDER",
            description = "Where the finished model goes (default: the folder 'model' among the training states).")
    private @Nullable Path target;

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
        return target(Objects.requireNonNull(verb, "picocli sets the verb").name());
    }

    /** Folder of the finished model of {@code what}. */
    Path target(String what) {
        return target == null ? states(what).resolve("model") : target;
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

    /**
     * Runs {@code training} of {@code what} with a stage of progress for each of its phases. Beside its states it leaves {@code PHASE.jsonl}, a line a
     * step, and {@code training.html} with the charts of them all.
     */
    void train(String what, Progress progress, Training training) {
        apply();
        Path folder = states(what);
        Map<String, TrainingProgress> stages = new HashMap<>();
        TreeMap<String, TrainingLog> logs = new TreeMap<>();
        long[] last = {System.nanoTime(), System.nanoTime()};
        try {
            training.run((phase, step, totalSteps, loss, norm) -> {
                stages.computeIfAbsent(phase, name -> new TrainingProgress(progress, name))
                        .onStep(step, totalSteps);
                long now = System.nanoTime();
                logs.computeIfAbsent(phase, name -> new TrainingLog(log(folder, name)))
                        .onStep(TrainingStep.of(step, totalSteps, loss, norm, (now - last[0]) / 1e9));
                last[0] = now;
                if (step == totalSteps || now - last[1] > PAGE_EVERY_NANOS) {
                    last[1] = now;
                    page(folder, what, logs.keySet(), step < totalSteps);
                }
            });
        } finally {
            stages.values().forEach(TrainingProgress::close);
        }
    }

    private static Path log(Path folder, String phase) {
        return folder.resolve(phase.replace(' ', '-') + ".jsonl");
    }

    private static void page(Path folder, String what, Set<String> phases, boolean live) {
        TreeMap<String, List<TrainingStep>> runs = new TreeMap<>();
        phases.forEach(phase -> runs.put(phase, TrainingLog.read(log(folder, phase))));
        TrainingPage.write(folder.resolve("training.html"), "Training " + what, runs, List.of(), live);
    }
}
