package io.arvid.cli;

import io.arvid.record.Progress;
import io.arvid.record.TrainingLog;
import io.arvid.record.TrainingProgress;
import io.arvid.record.TrainingStep;
import io.arvid.report.TrainingPage;
import io.arvid.rollout.train.TrainingListener;
import io.arvid.tensor.Torch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options of everything that trains. */
final class TrainingOptions {
    private static final long PAGE_EVERY_NANOS = 30_000_000_000L;
    private static final String LOG = ".jsonl";

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
                if (step == totalSteps) {
                    // A terminal has one line, which the next phase wants.
                    Objects.requireNonNull(stages.remove(phase)).close();
                }
                long now = System.nanoTime();
                logs.computeIfAbsent(phase, name -> new TrainingLog(log(folder, name)))
                        .onStep(TrainingStep.of(step, totalSteps, loss, norm, (now - last[0]) / 1e9));
                last[0] = now;
                if (step == totalSteps || now - last[1] > PAGE_EVERY_NANOS) {
                    last[1] = now;
                    page(folder, what, true);
                }
            });
            if (!logs.isEmpty()) {
                page(folder, what, false);
            }
        } finally {
            stages.values().forEach(TrainingProgress::close);
        }
    }

    private static Path log(Path folder, String phase) {
        return folder.resolve(phase.replace(' ', '-') + LOG);
    }

    /** The charts of all phases, those of earlier runs included. */
    private static void page(Path folder, String what, boolean live) {
        TreeMap<String, List<TrainingStep>> runs = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith(LOG)) {
                    runs.put(name.substring(0, name.length() - LOG.length()), TrainingLog.read(file));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": cannot be listed: " + e.getMessage(), e);
        }
        runs.values().removeIf(List::isEmpty);
        TrainingPage.write(folder.resolve("training.html"), "Training " + what, runs, List.of(), live);
    }
}
