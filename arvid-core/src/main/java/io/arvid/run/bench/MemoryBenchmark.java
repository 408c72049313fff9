package io.arvid.run.bench;

import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.record.PeakMemory;
import io.arvid.record.Progress;
import io.arvid.rollout.NoiseSource;
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutConfig;
import io.arvid.run.QuantizedModel;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Peak memory of a roll-out of two chunks of small frames, one denoising step and a context pass each, through all blocks of the full-sized model: nearly all
 * of it is weights, and more steps would use the same memory again. Each arithmetic has a process of its own, which makes the model, rolls out and says how
 * large it was at most.
 */
public final class MemoryBenchmark {
    private static final int FRAMES = 6;
    private static final int LATENT_SIZE = 16;
    private static final int[] BITS = {0, 8, 4};
    private static final RolloutConfig ONE_STEP =
            new RolloutConfig(BenchSettings.CHUNK_FRAMES, false, new int[] {1000}, null, true, 5, 0, -1, 0);

    /** Processes that are measured. */
    static final int RUNS = BITS.length;

    private MemoryBenchmark() {}

    /** Rolls out with weights of {@code args[0]} bits, 0 for bfloat16, of {@code args[1]} blocks, and prints weight bytes and peak bytes. */
    public static void main(String[] args) {
        int bits = Integer.parseInt(args[0]);
        WanConfig config = WanConfig.wan1_3B().withLayers(Integer.parseInt(args[1]));
        Torch.setThreads(Integer.parseInt(args[2]));
        WanTransformer model = RandomLayers.model(config, bits > 0, false);
        long weights = model.sites().stream()
                .filter(site -> site.role().isInBlock())
                .mapToLong(site -> 2 * site.weightCount())
                .sum();
        Rollout rollout = new Rollout(model, ONE_STEP);
        if (bits == 0) {
            run(rollout, config);
        } else {
            try (QuantizedModel quantized = RandomLayers.quantized(model, bits)) {
                weights = quantized.bytes();
                run(rollout.with(quantized), config);
            }
        }
        System.out.println(weights + " " + PeakMemory.bytes());
    }

    private static void run(Rollout rollout, WanConfig config) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(1)) {
            Tensor noise = RandomLayers.activations(1, FRAMES, config.inDim(), LATENT_SIZE, LATENT_SIZE);
            Tensor text = RandomLayers.activations(1, 64, config.textDim());
            rollout.run(noise, text, NoiseSource.seeded(seeds));
        }
    }

    /** Measures every arithmetic with {@code layers} blocks. */
    static List<BenchRow> run(int layers, int threads, Progress.Stage stage) {
        List<BenchRow> rows = new ArrayList<>();
        long[] reference = new long[0];
        for (int bits : BITS) {
            long[] bytes = measure(bits, layers, threads);
            reference = bits == 0 ? bytes : reference;
            rows.add(new BenchRow(
                    "memory",
                    "roll-out, " + layers + " blocks",
                    bits == 0 ? "bf16" : "W" + bits + "A8",
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    bytes[1],
                    String.format(
                            java.util.Locale.ROOT,
                            "peak; blocks' weights %.3f GB, %.3f GB less than bf16; peak %.3f GB less",
                            bytes[0] / 1e9,
                            (reference[0] - bytes[0]) / 1e9,
                            (reference[1] - bytes[1]) / 1e9)));
            stage.step();
        }
        return rows;
    }

    private static long[] measure(int bits, int layers, int threads) {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), MemoryBenchmark.class.getName()));
        command.addAll(List.of(Integer.toString(bits), Integer.toString(layers), Integer.toString(threads)));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() != 0) {
                throw new IllegalStateException("a roll-out in " + bits + " bits failed in its own process");
            }
            String[] words = said.split("\\s+");
            return new long[] {Long.parseLong(words[words.length - 2]), Long.parseLong(words[words.length - 1])};
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("cannot start a process: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
