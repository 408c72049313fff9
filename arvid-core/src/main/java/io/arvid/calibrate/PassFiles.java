package io.arvid.calibrate;

import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * The finished passes of one roll-out, a file each that is there whole or not at all: the flow that the model predicted, and the recorded tokens of every
 * layer's input in the model's own number type.
 */
final class PassFiles {
    private static final String FLOW = "flow";
    private static final String INPUT = "input/";
    private static final String RANGE = "range/";

    private final Path folder;

    PassFiles(Path folder) {
        this.folder = folder;
    }

    /** True where the pass is finished. */
    boolean has(RolloutStep step) {
        return Files.exists(file(step));
    }

    /** The flow of a finished pass, in memory of its own. */
    Tensor flow(RolloutStep step) {
        try (WeightMap file = SafetensorsFile.open(file(step))) {
            return Ops.copy(file.get(FLOW));
        }
    }

    /** Keeps a finished pass: {@code recorded} tensors with the number of tokens that each was made from. */
    void write(RolloutStep step, Tensor flow, Map<String, Tensor> recorded, Map<String, Long> counts) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Map<String, String> about = new LinkedHashMap<>();
        tensors.put(FLOW, flow);
        tensors.putAll(recorded);
        counts.forEach((name, count) -> about.put(name, Long.toString(count)));
        about.put("chunk", Integer.toString(step.chunk()));
        about.put("pass", Integer.toString(step.pass()));
        about.put("context", Boolean.toString(step.isContext()));
        about.put("startFrame", Integer.toString(step.startFrame()));
        about.put("frameCount", Integer.toString(step.frameCount()));
        about.put("timestep", Double.toString(step.timestep()));
        SafetensorsWriter.write(file(step), tensors, about);
    }

    /** Adds the tokens that the passes recorded of the input of {@code site}, in the order of the passes; they belong to the open scope. */
    void readTokens(LinearSite site, List<ActivationTape.Recorded> records) {
        read(INPUT, site, (tokens, step, count) -> {
            double share = (double) count / tokens.size(0);
            records.add(new ActivationTape.Recorded(Ops.toF32(tokens), step, share));
        });
    }

    /** The same for ranges. */
    void readRanges(LinearSite site, List<ActivationTape.Ranged> ranges) {
        read(RANGE, site, (rows, step, count) -> ranges.add(new ActivationTape.Ranged(rows, step)));
    }

    @FunctionalInterface
    private interface Reader {
        void read(Tensor recorded, RolloutStep step, long count);
    }

    private void read(String kind, LinearSite site, Reader reader) {
        String name = kind + SharedInput.of(site);
        boolean once = site.role().isTextPath();
        for (Path file : finished()) {
            Map<String, String> about = SafetensorsFile.header(file).metadata();
            String count = about.get(name);
            if (count != null) {
                try (WeightMap pass = SafetensorsFile.open(file)) {
                    reader.read(Ops.copy(pass.get(name)), step(about), Long.parseLong(count));
                }
                if (once) {
                    return;
                }
            }
        }
    }

    private static RolloutStep step(Map<String, String> about) {
        return new RolloutStep(
                Integer.parseInt(about.get("chunk")),
                Integer.parseInt(about.get("pass")),
                Boolean.parseBoolean(about.get("context")),
                Integer.parseInt(about.get("startFrame")),
                Integer.parseInt(about.get("frameCount")),
                Double.parseDouble(about.get("timestep")));
    }

    private List<Path> finished() {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().endsWith(".safetensors")
                            && file.getFileName().toString().startsWith("pass"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder + ": " + e.getMessage(), e);
        }
    }

    /** Given latents, whose chunks count upwards to −1, come before all others. */
    private Path file(RolloutStep step) {
        return folder.resolve(String.format("pass-%05d-%02d.safetensors", 50000 + step.chunk(), step.pass()));
    }

    /** What is recorded in the pass that is under way. */
    static final class Pass implements InputObserver, AutoCloseable {
        private final CalibrationRollouts.Wanted wanted;
        private final SharedInput shared = new SharedInput();
        private final Map<String, Tensor> recorded = new LinkedHashMap<>();
        private final Map<String, Long> counts = new LinkedHashMap<>();

        Pass(CalibrationRollouts.Wanted wanted) {
            this.wanted = wanted;
        }

        @Override
        public void observe(LinearSite site, RolloutStep step, Tensor input) {
            if (step.chunk() < 0 || !wanted.sites().test(site) || !shared.isObservedThrough(site)) {
                return;
            }
            if (input.size(0) != 1) {
                throw new IllegalArgumentException("recording to disk takes one video at a time");
            }
            Tensor tokens = input.select(0, 0);
            if (wanted.extremes()) {
                put(RANGE + SharedInput.of(site), Extremes.rows(tokens), tokens.size(0));
            }
            if (wanted.tokensPerSample() != CalibrationRollouts.Wanted.NO_TOKENS) {
                Tensor kept = ActivationTape.kept(tokens, step, wanted.tokensPerSample(), wanted.seed());
                put(INPUT + SharedInput.of(site), Ops.copy(kept), tokens.size(0));
            }
        }

        private void put(String name, Tensor tensor, long count) {
            Tensor known = recorded.put(name, TensorScope.own(tensor));
            counts.put(name, count);
            if (known != null) {
                known.close();
            }
        }

        Map<String, Tensor> recorded() {
            return recorded;
        }

        Map<String, Long> counts() {
            return counts;
        }

        @Override
        public void close() {
            recorded.values().forEach(Tensor::close);
        }
    }

    /** The recordings of several roll-outs as one. */
    static Recording recording(List<PassFiles> rollouts, long seed) {
        return new Recording() {
            @Override
            public Samples samples(LinearSite site) {
                try (TensorScope scope = TensorScope.open()) {
                    List<ActivationTape.Recorded> records = new ArrayList<>();
                    rollouts.forEach(rollout -> rollout.readTokens(site, records));
                    if (records.isEmpty()) {
                        throw new IllegalArgumentException("no input of " + site.name() + " was recorded");
                    }
                    Samples samples = ActivationTape.samples(records, seed);
                    scope.keep(samples.inputs());
                    return samples;
                }
            }

            @Override
            public Extremes extremes(LinearSite site) {
                try (TensorScope scope = TensorScope.open()) {
                    List<ActivationTape.Ranged> ranges = new ArrayList<>();
                    rollouts.forEach(rollout -> rollout.readRanges(site, ranges));
                    Extremes extremes = ActivationTape.extremes(site, ranges);
                    scope.keep(extremes.lows());
                    scope.keep(extremes.highs());
                    return extremes;
                }
            }

            @Override
            public long bytes() {
                return 0;
            }

            @Override
            public void close() {
                // The files stay: a later stage of an interrupted run reads them again.
            }
        };
    }
}
