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

    /** Keeps a finished pass. */
    void write(RolloutStep step, Tensor flow, Map<String, Tensor> inputs, Map<String, Long> counts) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Map<String, String> about = new LinkedHashMap<>();
        tensors.put(FLOW, flow);
        inputs.forEach((name, tokens) -> {
            tensors.put(INPUT + name, tokens);
            about.put(INPUT + name, Long.toString(counts.get(name)));
        });
        about.put("chunk", Integer.toString(step.chunk()));
        about.put("pass", Integer.toString(step.pass()));
        about.put("context", Boolean.toString(step.isContext()));
        about.put("startFrame", Integer.toString(step.startFrame()));
        about.put("frameCount", Integer.toString(step.frameCount()));
        about.put("timestep", Double.toString(step.timestep()));
        SafetensorsWriter.write(file(step), tensors, about);
    }

    /** Adds what the passes recorded of the input of {@code site} to {@code records}, in the order of the passes; tensors belong to the open scope. */
    void read(LinearSite site, List<ActivationTape.Recorded> records) {
        String name = INPUT + SharedInput.of(site);
        boolean once = site.role().isTextPath();
        for (Path file : finished()) {
            Map<String, String> about = SafetensorsFile.header(file).metadata();
            String count = about.get(name);
            if (count != null) {
                try (WeightMap pass = SafetensorsFile.open(file)) {
                    Tensor tokens = Ops.copyF32(pass.get(name));
                    double share = (double) Long.parseLong(count) / tokens.size(0);
                    records.add(new ActivationTape.Recorded(tokens, step(about), share));
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
        private final Map<String, Tensor> inputs = new LinkedHashMap<>();
        private final Map<String, Long> counts = new LinkedHashMap<>();

        Pass(CalibrationRollouts.Wanted wanted) {
            this.wanted = wanted;
        }

        @Override
        public void observe(LinearSite site, RolloutStep step, Tensor input) {
            String name = SharedInput.of(site);
            if (step.chunk() < 0 || !wanted.sites().test(site) || !shared.isObservedThrough(site)) {
                return;
            }
            if (input.size(0) != 1) {
                throw new IllegalArgumentException("recording to disk takes one video at a time");
            }
            Tensor tokens = input.select(0, 0);
            Tensor kept = ActivationTape.kept(tokens, step, wanted.tokensPerSample(), wanted.seed());
            Tensor known = inputs.put(name, TensorScope.own(Ops.copy(kept)));
            counts.put(name, tokens.size(0));
            if (known != null) {
                known.close();
            }
        }

        Map<String, Tensor> inputs() {
            return inputs;
        }

        Map<String, Long> counts() {
            return counts;
        }

        @Override
        public void close() {
            inputs.values().forEach(Tensor::close);
        }
    }

    /** The recordings of several roll-outs as one. */
    static Recording recording(List<PassFiles> rollouts, long seed) {
        return new Recording() {
            @Override
            public Samples samples(LinearSite site) {
                try (TensorScope scope = TensorScope.open()) {
                    List<ActivationTape.Recorded> records = new ArrayList<>();
                    rollouts.forEach(rollout -> rollout.read(site, records));
                    if (records.isEmpty()) {
                        throw new IllegalArgumentException("no input of " + site.name() + " was recorded");
                    }
                    Samples samples = ActivationTape.samples(records, seed);
                    scope.keep(samples.inputs());
                    return samples;
                }
            }

            @Override
            public void close() {
                // The files stay: a later stage of an interrupted run reads them again.
            }
        };
    }
}
