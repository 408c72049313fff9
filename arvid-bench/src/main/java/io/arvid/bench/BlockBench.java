package io.arvid.bench;

import io.arvid.model.AttentionShape;
import io.arvid.model.RolloutStep;
import io.arvid.model.TextContext;
import io.arvid.model.wan.Checkpoints;
import io.arvid.model.wan.ModelCard;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.record.PeakMemory;
import io.arvid.rollout.CachedAttention;
import io.arvid.rollout.DenseKvStore;
import io.arvid.rollout.KvCache;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Times one transformer block in bfloat16 on a chunk of 480×832 pixels (3 latent frames, 4680 tokens), beside {@code docs/perf/block_reference.py} in
 * PyTorch, the two in turn, on the same weights and inputs:
 *
 * <pre>BlockBench MODEL PYTHON SCRIPT THREADS RUNS SLOTS[,SLOTS…]</pre>
 *
 * MODEL is a folder of {@code arvid synthesize} (one block is enough); SLOTS is the number of keys, the chunk's own included: 4680, 32760. The clock covers
 * the block's forward pass. Prints a JSON line a run, and at the end the medians, their ratio (of wall time, and of processor time, which a busy machine
 * disturbs less) and how far the outputs are apart.
 */
public final class BlockBench {
    private static final int FRAMES = 3;
    private static final int ROWS = 30;
    private static final int COLUMNS = 52;
    private static final int TOKENS = FRAMES * ROWS * COLUMNS;
    private static final int TEXT = 512;

    private final WanTransformer model;
    private final Tensor x;
    private final Tensor e0;
    private final Tensor states;
    private final Tensor keys;
    private final Tensor values;
    private final int slots;

    private BlockBench(WanTransformer model, int slots) {
        this.model = model;
        this.slots = slots;
        WanConfig config = model.config();
        try (Seeds seeds = new Seeds(3)) {
            this.x = bf16(seeds, 1, 1, TOKENS, config.dim());
            this.e0 = bf16(seeds, 0.2, 1, 1, 6, config.dim());
            this.states = bf16(seeds, 1, 1, TEXT, config.dim());
            this.keys = bf16(seeds, 1, 1, slots, config.numHeads(), config.headDim());
            this.values = bf16(seeds, 1, 1, slots, config.numHeads(), config.headDim());
        }
    }

    private static Tensor bf16(Seeds seeds, double scale, long... shape) {
        return TensorScope.run(() -> Ops.to(Ops.mul(seeds.normal(shape), scale), DTypes.BF16));
    }

    /** Runs it. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        int threads = Integer.parseInt(args[3]);
        int runs = Integer.parseInt(args[4]);
        int[] ends =
                Arrays.stream(args[5].split(",")).mapToInt(Integer::parseInt).toArray();
        Torch.setThreads(threads);
        ModelCard card = Checkpoints.inspectFolder(folder).getFirst();
        try (TensorScope scope = TensorScope.open();
                WeightMap weights = Checkpoints.open(card)) {
            WanTransformer model = new WanTransformer(java.util.Objects.requireNonNull(card.config()), weights);
            BlockBench bench = new BlockBench(model, Arrays.stream(ends).max().orElse(TOKENS));
            Torch.withoutGradients(() -> {
                bench.run(card.file(), args[1], args[2], threads, runs, ends);
                return null;
            });
        }
    }

    private void run(Path weights, String python, String script, int threads, int runs, int[] ends) {
        try {
            Path inputs = Files.createTempFile("block", ".safetensors");
            Path saved = Files.createTempFile("block", ".bin");
            try (Rival rival = Rival.start(
                    python, script, weights.toString(), write(inputs).toString(), Integer.toString(threads))) {
                for (int end : ends) {
                    List<Rival.Time> own = new ArrayList<>();
                    List<Rival.Time> other = new ArrayList<>();
                    for (int run = -1; run < runs; run++) {
                        Rival.Time theirs = rival.time("run " + end);
                        Rival.Time ours = time(end, null);
                        if (run >= 0) {
                            own.add(ours);
                            other.add(theirs);
                            System.out.printf(
                                    Locale.ROOT,
                                    "{\"slots\": %d, \"run\": %d, \"arvid_s\": %.4f, \"pytorch_s\": %.4f, \"arvid_cpu_s\": %.4f, "
                                            + "\"pytorch_cpu_s\": %.4f}%n",
                                    end,
                                    run,
                                    ours.wall(),
                                    theirs.wall(),
                                    ours.processor(),
                                    theirs.processor());
                        }
                    }
                    rival.time("save " + end + " " + saved);
                    double wall = Rival.Time.median(other, Rival.Time::wall) / Rival.Time.median(own, Rival.Time::wall);
                    double processor = Rival.Time.median(other, Rival.Time::processor)
                            / Rival.Time.median(own, Rival.Time::processor);
                    System.out.printf(
                            Locale.ROOT,
                            "{\"slots\": %d, \"arvid_median_s\": %.4f, \"pytorch_median_s\": %.4f, \"ratio\": %.2f, "
                                    + "\"cpu_ratio\": %.2f, \"relative_difference\": %.4f, \"peak_mib\": %d}%n",
                            end,
                            Rival.Time.median(own, Rival.Time::wall),
                            Rival.Time.median(other, Rival.Time::wall),
                            wall,
                            processor,
                            difference(end, Files.readAllBytes(saved)),
                            PeakMemory.bytes() >> 20);
                }
            } finally {
                Files.delete(inputs);
                Files.delete(saved);
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** {@code ‖ours − theirs‖ / ‖theirs‖}. */
    private double difference(int end, byte[] theirs) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor[] out = new Tensor[1];
            time(end, out);
            Tensor reference = Ops.toF32(Ops.reinterpret(Tensors.of(theirs, theirs.length), DTypes.BF16));
            Tensor difference = Ops.toF32(out[0]).flatten().sub(reference);
            return Math.sqrt(Tensors.item(difference.square().sum())
                    / Tensors.item(reference.square().sum()));
        }
    }

    /** One pass whose keys end at {@code end}; the clock starts after the cache is filled. */
    private Rival.Time time(int end, Tensor @Nullable [] out) {
        WanConfig config = model.config();
        AttentionShape shape = new AttentionShape(1, config.numHeads(), config.headDim(), ROWS, COLUMNS);
        int startFrame = (end - TOKENS) / (ROWS * COLUMNS);
        RolloutStep step = new RolloutStep(0, 0, false, startFrame, FRAMES, 1000);
        try (TensorScope scope = TensorScope.open();
                KvCache cache =
                        new KvCache(slots / (ROWS * COLUMNS), 0, false, shape, 1, DTypes.BF16, DenseKvStore::new);
                CachedAttention attention = new CachedAttention(shape, cache);
                TextContext text = new TextContext(states)) {
            cache.store(0).write(0, keys.transpose(1, 2), values.transpose(1, 2));
            text.embedded(() -> Ops.copy(states));
            model.blocks().getFirst().prepare(model::embedText, text, step, model.fullPrecision());
            long began = System.nanoTime();
            long processor = cpu();
            Tensor result = model.blocks()
                    .getFirst()
                    .forward(x, e0, model::embedText, text, step, model.fullPrecision(), attention);
            Rival.Time time = new Rival.Time((System.nanoTime() - began) / 1e9, (cpu() - processor) / 1e9);
            if (out != null) {
                out[0] = scope.keep(result);
            }
            return time;
        }
    }

    private static long cpu() {
        return ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
                .getProcessCpuTime();
    }

    private Path write(Path file) {
        try (TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put("x", x);
            tensors.put("e", e0.expand(1, FRAMES, 6, x.size(2)).contiguous());
            tensors.put("context", states);
            tensors.put("keys", keys);
            tensors.put("values", values);
            tensors.put("grid", Tensors.of(new float[] {FRAMES, ROWS, COLUMNS}, 3));
            SafetensorsWriter.write(file, tensors, Map.of());
        }
        return file;
    }
}
