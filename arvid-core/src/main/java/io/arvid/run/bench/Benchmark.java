package io.arvid.run.bench;

import io.arvid.record.MachineStamp;
import io.arvid.record.Progress;
import io.arvid.run.Generator;
import io.arvid.run.ModelFolder;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Everything that {@code arvid bench} can measure. */
public final class Benchmark {
    private static final int WARM_UPS = 2;
    private static final int LONGER_WARM_UPS = 1;
    private static final String PROMPT = "a large red circle moving left quickly on a navy background";

    /** Groups of measurements. */
    public enum Group {
        LAYERS,
        BLOCK,
        STEP,
        ROLLOUT,
        MEMORY
    }

    private Benchmark() {}

    /**
     * Measures {@code groups}.
     *
     * @param model the model on disk whose roll-outs are timed; null where they are not asked for
     * @param prompt what it shows; null for a prompt of the bundled model
     */
    public static BenchReport run(
            BenchSettings settings,
            Set<Group> groups,
            @Nullable Path model,
            @Nullable String prompt,
            String command,
            Progress progress) {
        Torch.setThreads(settings.threads());
        ByTurns clock = new ByTurns(WARM_UPS, settings.rounds().layers());
        ByTurns longer = new ByTurns(LONGER_WARM_UPS, settings.rounds().longer());
        Ceilings ceilings;
        try (Progress.Stage stage = progress.begin("ceilings", clock.runs(3))) {
            ceilings = Ceilings.measure(settings, clock, stage);
        }
        List<BenchRow> rows = new ArrayList<>();
        if (groups.contains(Group.LAYERS)) {
            try (Progress.Stage stage = progress.begin("layers", LayerBenchmark.runs(clock))) {
                rows.addAll(new LayerBenchmark(settings, clock, ceilings).run(stage));
            }
        }
        for (Group group : List.of(Group.BLOCK, Group.STEP)) {
            if (groups.contains(group)) {
                try (Progress.Stage stage = progress.begin(
                        group == Group.BLOCK ? "block" : "chunk step", StepBenchmark.runs(settings, longer))) {
                    rows.addAll(new StepBenchmark(settings, longer, group == Group.STEP).run(stage));
                }
            }
        }
        if (groups.contains(Group.ROLLOUT) && model != null) {
            try (ModelFolder opened = ModelFolder.open(model);
                    Generator generator = new Generator(opened);
                    Progress.Stage stage = progress.begin("roll-out", RolloutBenchmark.runs(longer))) {
                if (opened.packed() != null) {
                    throw new IllegalArgumentException(model + " is packed; roll-outs are timed from full precision");
                }
                rows.addAll(
                        new RolloutBenchmark(opened, generator, prompt == null ? PROMPT : prompt, longer).run(stage));
            }
        }
        if (groups.contains(Group.MEMORY)) {
            try (Progress.Stage stage = progress.begin("memory, a process each", MemoryBenchmark.RUNS)) {
                rows.addAll(MemoryBenchmark.run(settings.modelBlocks(), settings.threads(), stage));
            }
        }
        return new BenchReport(
                command, MachineStamp.here(), settings.threads(), settings.rounds(), ceilings, List.copyOf(rows));
    }
}
