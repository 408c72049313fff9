package io.arvid.bench;

import io.arvid.model.AttentionShape;
import io.arvid.model.RolloutStep;
import io.arvid.model.TextContext;
import io.arvid.record.PeakMemory;
import io.arvid.rollout.CachedAttention;
import io.arvid.rollout.DenseKvStore;
import io.arvid.rollout.KvCache;
import io.arvid.rollout.RolloutListener;
import io.arvid.rollout.preset.Overrides;
import io.arvid.rollout.preset.Presets;
import io.arvid.run.PublishedModel;
import io.arvid.run.StreamingDecoder;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;

/**
 * A transformer of full size on this machine: {@code FullSizeBench FOLDER THREADS PARTS [STEPS]}. PARTS, joined by commas:
 *
 * <ul>
 *   <li>{@code chunk}: one chunk of a 480×832 roll-out (4680 tokens), STEPS denoising steps (4) and the context pass
 *   <li>{@code cache}: one pass of the seventh chunk over a cache of 21 frames (32760 keys) filled with noise
 *   <li>{@code open}: nothing but the opening
 *   <li>{@code decode}: three latent frames to pictures, one after the other
 * </ul>
 *
 * Prints a JSON line for the opening and for every pass: its wall time, the processor time of all threads, and the process's resident memory, now and at
 * its highest. On a busy machine the processor time is the one to look at.
 */
public final class FullSizeBench {
    private static final double MIB = 1 << 20;
    private static final int FRAMES = 3;
    private static final int CACHED_FRAMES = 21;
    private static final int[] STEPS = {1000, 750, 500, 250};

    private long began;
    private long cpuBegan;

    private FullSizeBench() {}

    /** Runs it. */
    public static void main(String[] args) {
        List<String> parts = List.of(args[2].split(","));
        int steps = args.length > 3 ? Integer.parseInt(args[3]) : STEPS.length;
        Torch.setThreads(Integer.parseInt(args[1]));
        FullSizeBench bench = new FullSizeBench();
        Tensors.zeros(DTypes.F32, 1).close(); // The library itself is loaded before the clock starts.
        bench.start();
        Overrides chunk = new Overrides(
                Arrays.copyOf(STEPS, steps), null, null, null, null, 4 * FRAMES - 3, null, null, null, null, null);
        try (PublishedModel model =
                PublishedModel.open(Presets.find("self-forcing").with(chunk), List.of(Path.of(args[0])))) {
            bench.print("open");
            Torch.withoutGradients(() -> {
                for (String part : parts) {
                    TensorScope.runAndFree(() -> bench.run(part, model));
                }
                return null;
            });
        }
    }

    private void run(String part, PublishedModel model) {
        switch (part) {
            case "chunk" -> chunk(model);
            case "cache" -> cache(model);
            case "decode" -> decode(model);
            case "open" -> {}
            default ->
                throw new IllegalArgumentException("no part '" + part + "'; there are open, chunk, cache, decode");
        }
    }

    private void start() {
        began = System.nanoTime();
        cpuBegan = cpu();
    }

    private static long cpu() {
        return ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
                .getProcessCpuTime();
    }

    private void print(String what) {
        System.out.printf(
                Locale.ROOT,
                "{\"what\": \"%s\", \"seconds\": %.2f, \"cpu_seconds\": %.2f, \"resident_mib\": %.0f, \"peak_mib\": %.0f}%n",
                what,
                (System.nanoTime() - began) / 1e9,
                (cpu() - cpuBegan) / 1e9,
                PeakMemory.residentBytes() / MIB,
                PeakMemory.bytes() / MIB);
        start();
    }

    private void chunk(PublishedModel model) {
        start();
        Tensor text = model.textStates(List.of("a prompt")).getFirst();
        print("text");
        RolloutListener listener = new RolloutListener() {
            @Override
            public void passed(RolloutStep step, Tensor latents, Tensor flow) {
                print((step.isContext() ? "context pass" : "pass " + step.pass()) + ", keys 4680");
            }
        };
        Tensor latents =
                model.latents(text, null, null, 1, model.transformer().fullPrecision(), DenseKvStore::new, listener);
        System.out.printf(
                Locale.ROOT,
                "{\"what\": \"latents\", \"hash\": \"%08x\"}%n",
                Arrays.hashCode(Tensors.toBytes(latents)));
    }

    private void cache(PublishedModel model) {
        long[] latent = model.latentShape();
        AttentionShape shape = model.transformer().attentionShape(latent[3], latent[4]);
        int startFrame = CACHED_FRAMES - FRAMES;
        RolloutStep step = new RolloutStep(startFrame / FRAMES, 0, false, startFrame, FRAMES, 1000);
        try (Seeds seeds = new Seeds(2);
                TextContext text =
                        new TextContext(model.textStates(List.of("a prompt")).getFirst());
                KvCache cache = new KvCache(CACHED_FRAMES, 0, false, shape, 1, DTypes.BF16, DenseKvStore::new);
                CachedAttention attention = new CachedAttention(shape, cache)) {
            for (int block = 0; block < shape.blocks(); block++) {
                int index = block;
                TensorScope.runAndFree(() -> {
                    Tensor noise = Ops.to(
                            seeds.normal(1, shape.heads(), startFrame * shape.tokensPerFrame(), shape.headDim()),
                            DTypes.BF16);
                    cache.store(index).write(0, noise, noise);
                });
            }
            start();
            TensorScope.runAndFree(() -> model.transformer()
                    .forward(
                            Ops.to(seeds.normal(1, FRAMES, latent[2], latent[3], latent[4]), DTypes.BF16),
                            Tensors.full(DTypes.F32, step.timestep(), 1, 1),
                            text,
                            step,
                            model.transformer().fullPrecision(),
                            attention));
            print("pass, keys 32760");
        }
    }

    private void decode(PublishedModel model) {
        long[] shape = model.latentShape();
        try (Seeds seeds = new Seeds(4)) {
            Tensor latents = seeds.normal(shape);
            start();
            StreamingDecoder.of(model.files())
                    .decode(latents, pictures -> print("decoded frames " + pictures.size(0)), () -> {});
        }
    }
}
