package io.arvid.rollout;

import io.arvid.model.AttentionShape;
import io.arvid.model.CausalVideoModel;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteForward;
import io.arvid.model.TextContext;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Rolling Forcing: several chunks are denoised together, each one noise level behind the chunk before it, and the window rolls on by a chunk with
 * every pass (Causal-Forcing {@code long_video/pipeline/rolling_forcing_inference.py}). For long videos: the cache has one size whatever their length.
 *
 * <pre>
 * for every window of chunks, the last of them pure noise, the first at the lowest noise level:
 *     clean = x − σ(t) · model(x, t, cache)            t differs from chunk to chunk; the cache holds finished chunks
 *     x     = (1 − σ(next)) · clean + σ(next) · fresh noise      for every chunk with a noise level left to go
 *     model(clean of the first chunk, context noise, cache)      its keys and values stay in the cache
 * </pre>
 *
 * <p>Window w holds the chunks from w − n + 1 to w that exist, for n denoising steps, and chunk c takes denoising step w − c in it. The {@link
 * RolloutStep} of a window is that of its first chunk, with the frames of all.
 *
 * @param model the network
 * @param config chunks and steps; the sizes of its cache and the schedule of a first chunk do not count here
 * @param size frames to remember
 * @param sites how linear layers are computed; {@code model.fullPrecision()} for no quantization
 * @param stores how keys and values are kept; {@code DenseKvStore::new} for no quantization
 * @param listener watches
 */
public record RollingForcing(
        CausalVideoModel model,
        RolloutConfig config,
        RollingCacheSize size,
        SiteForward sites,
        KvStore.Factory stores,
        RolloutListener listener) {
    /** Checks settings and sizes, see {@link #requireFit}. */
    public RollingForcing {
        requireFit(config, size);
    }

    /**
     * Checks that chunks are of one size and fit the cache beside the anchor.
     *
     * @throws IllegalArgumentException where they do not
     */
    public static void requireFit(RolloutConfig config, RollingCacheSize size) {
        if (config.independentFirstFrame()) {
            throw new IllegalArgumentException(
                    "independent_first_frame is true, but Rolling Forcing needs chunks of one size; use false");
        }
        if (size.cachedFrames() < 2 * config.framesPerChunk()) {
            throw new IllegalArgumentException("a cache of " + size.cachedFrames()
                    + " frames does not hold the anchor and another chunk of " + config.framesPerChunk()
                    + "; use at least " + 2 * config.framesPerChunk() + ", or smaller chunks");
        }
    }

    /** A roll-out in full precision that nobody watches, with the published cache. */
    public RollingForcing(CausalVideoModel model, RolloutConfig config) {
        this(model, config, RollingCacheSize.PUBLISHED, model.fullPrecision(), DenseKvStore::new, RolloutListener.NONE);
    }

    /** The same roll-out with other arithmetic in the linear layers. */
    public RollingForcing with(SiteForward otherSites) {
        return new RollingForcing(model, config, size, otherSites, stores, listener);
    }

    /** The same roll-out with another cache. */
    public RollingForcing with(KvStore.Factory otherStores) {
        return new RollingForcing(model, config, size, sites, otherStores, listener);
    }

    /** The same roll-out, remembering other numbers of frames. */
    public RollingForcing with(RollingCacheSize otherSize) {
        return new RollingForcing(model, config, otherSize, sites, stores, listener);
    }

    /** The same roll-out, watched by {@code otherListener}. */
    public RollingForcing with(RolloutListener otherListener) {
        return new RollingForcing(model, config, size, sites, stores, otherListener);
    }

    /**
     * Latents of a new video.
     *
     * @param noise initial noise {@code [B, F, C, H, W]} in the model's dtype
     * @param text text states {@code [B, L, textDim]}
     * @param fresh the noise between denoising steps, asked for chunk by chunk
     * @return {@code [B, F, C, H, W]}, owned by the open scope
     * @throws IllegalArgumentException where the frames do not split into chunks
     */
    public Tensor run(Tensor noise, Tensor text, NoiseSource fresh) {
        ChunkPlan plan = ChunkPlan.of(config, 0, Math.toIntExact(noise.size(1)));
        return Torch.withoutGradients(() -> TensorScope.run(() -> {
            try (Video rolling = new Video(plan, noise, text)) {
                for (int window = 0; window < rolling.windows(); window++) {
                    int current = window;
                    TensorScope.runAndFree(() -> rolling.pass(current, fresh));
                }
                return rolling.latents;
            }
        }));
    }

    /** One video (or batch of videos) on its way: {@code latents} hold every chunk at the noise level that it has reached. */
    private final class Video implements AutoCloseable {
        private final Tensor latents;
        private final FlowMatchSchedule levels;
        private final float[] timesteps;
        private final List<ChunkPlan.Chunk> chunks;
        private final TextContext prompt;
        private final KvCache cache;
        private final RollingAttention attention;

        Video(ChunkPlan plan, Tensor noise, Tensor text) {
            DenoiseSchedule schedule = new DenoiseSchedule(config);
            AttentionShape shape = model.attentionShape(noise.size(3), noise.size(4));
            int chunkFrames = config.framesPerChunk();
            int batch = Math.toIntExact(noise.size(0));
            this.latents = Ops.copy(noise);
            this.levels = schedule.levels();
            this.timesteps = schedule.timesteps();
            this.chunks = plan.generated();
            this.prompt = new TextContext(text.detach());
            this.cache = new KvCache(size.cachedFrames(), chunkFrames, true, shape, batch, DTypes.of(noise), stores);
            this.attention = new RollingAttention(shape, cache, chunkFrames, size.attendedFrames(), timesteps.length);
            listener.started(plan, cache, prompt);
        }

        int windows() {
            return chunks.isEmpty() ? 0 : chunks.size() + timesteps.length - 1;
        }

        /** Takes every chunk of the window one noise level down, and lets the cache remember the first. */
        void pass(int window, NoiseSource fresh) {
            int first = Math.max(0, window - timesteps.length + 1);
            int last = Math.min(chunks.size() - 1, window);
            List<ChunkPlan.Chunk> rolling = chunks.subList(first, last + 1);
            Tensor clean = denoise(window, rolling);
            for (ChunkPlan.Chunk chunk : rolling) {
                frames(chunk).copy_(renoise(chunk, window - chunk.index(), part(clean, rolling, chunk), fresh));
            }
            remember(rolling.getFirst(), window - first, part(clean, rolling, rolling.getFirst()));
        }

        /** The clean latents that the window's chunks, each at its own noise level, point to. */
        private Tensor denoise(int window, List<ChunkPlan.Chunk> rolling) {
            ChunkPlan.Chunk first = rolling.getFirst();
            int end = rolling.getLast().endFrame();
            int pass = window - first.index();
            RolloutStep step = new RolloutStep(
                    first.index(), pass, false, first.startFrame(), end - first.startFrame(), timesteps[pass]);
            Tensor noisy = Ops.slice(latents, 1, first.startFrame(), end);
            Tensor times = perFrame(window, rolling);
            Tensor clean = levels.cleanFromFlow(noisy, forward(step, noisy, times), times);
            listener.denoised(step, clean);
            return clean;
        }

        /** A chunk's clean latents, brought to the noise level of its next denoising step; as they are after the last. */
        private Tensor renoise(ChunkPlan.Chunk chunk, int pass, Tensor clean, NoiseSource fresh) {
            if (pass == timesteps.length - 1) {
                return clean;
            }
            RolloutStep step = new RolloutStep(
                    chunk.index(), pass, false, chunk.startFrame(), chunk.frameCount(), timesteps[pass]);
            Tensor noise = Ops.toTypeOf(fresh.next(step, Tensors.shape(clean)), clean);
            return levels.addNoise(clean, noise, perSample(timesteps[pass + 1]));
        }

        /** The context pass: overwrites the chunk's keys and values with those of its clean latents; the prediction is not used. */
        private void remember(ChunkPlan.Chunk chunk, int pass, Tensor clean) {
            RolloutStep step = new RolloutStep(
                    chunk.index(), pass + 1, true, chunk.startFrame(), chunk.frameCount(), config.contextNoise());
            TensorScope.runAndFree(() -> forward(step, clean, perSample(config.contextNoise())));
            if (pass == timesteps.length - 1) {
                listener.finished(chunk, clean);
            }
        }

        private Tensor forward(RolloutStep step, Tensor noisy, Tensor times) {
            Tensor flow = TensorScope.run(() -> model.forward(noisy, times, prompt, step, sites, attention));
            listener.passed(step, noisy, flow);
            return flow;
        }

        /** The timestep of every frame of the window, {@code [B, F]}. */
        private Tensor perFrame(int window, List<ChunkPlan.Chunk> rolling) {
            return Ops.cat(
                    1,
                    rolling.stream()
                            .map(chunk -> perSample(timesteps[window - chunk.index()])
                                    .expand(latents.size(0), chunk.frameCount()))
                            .toList());
        }

        /** One timestep a sample, {@code [B, 1]}. */
        private Tensor perSample(double timestep) {
            return Tensors.full(DTypes.F32, timestep, latents.size(0), 1);
        }

        /** The chunk's part of the latents: a view. */
        private Tensor frames(ChunkPlan.Chunk chunk) {
            return Ops.slice(latents, 1, chunk.startFrame(), chunk.endFrame());
        }

        /** The chunk's part of its window: a view. */
        private static Tensor part(Tensor window, List<ChunkPlan.Chunk> rolling, ChunkPlan.Chunk chunk) {
            int start = rolling.getFirst().startFrame();
            return Ops.slice(window, 1, chunk.startFrame() - start, chunk.endFrame() - start);
        }

        @Override
        public void close() {
            attention.close();
            cache.close();
            prompt.close();
        }
    }
}
