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
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The autoregressive loop: chunk after chunk is denoised in a few steps while it attends to all earlier chunks through a cache of keys and values
 * (Self-Forcing, arXiv 2506.08009, {@code pipeline/causal_inference.py}).
 *
 * <pre>
 * for every chunk:
 *     x = noise
 *     for every timestep t, next:
 *         clean = x − σ(t) · model(x, t, cache)          the cache holds the earlier chunks, and this one as it is now
 *         x     = (1 − σ(next)) · clean + σ(next) · fresh noise
 *     model(clean, context noise, cache)                 the chunk's keys and values, made from what was decided, stay in the cache
 * </pre>
 *
 * @param model the network
 * @param config chunks, steps and cache
 * @param sites how linear layers are computed; {@code model.fullPrecision()} for no quantization
 * @param stores how keys and values are kept; {@code DenseKvStore::new} for no quantization
 * @param listener watches
 */
public record Rollout(
        CausalVideoModel model,
        RolloutConfig config,
        SiteForward sites,
        KvStore.Factory stores,
        RolloutListener listener) {
    /** A roll-out in full precision that nobody watches. */
    public Rollout(CausalVideoModel model, RolloutConfig config) {
        this(model, config, model.fullPrecision(), DenseKvStore::new, RolloutListener.NONE);
    }

    /** The same roll-out with other arithmetic in the linear layers. */
    public Rollout with(SiteForward otherSites) {
        return new Rollout(model, config, otherSites, stores, listener);
    }

    /** The same roll-out with another cache. */
    public Rollout with(KvStore.Factory otherStores) {
        return new Rollout(model, config, sites, otherStores, listener);
    }

    /** The same roll-out, watched by {@code otherListener}. */
    public Rollout with(RolloutListener otherListener) {
        return new Rollout(model, config, sites, stores, otherListener);
    }

    /** Latents of a new video; see {@link #run(Tensor, Tensor, Tensor, NoiseSource)}. */
    public Tensor run(Tensor noise, Tensor text, NoiseSource fresh) {
        return run(noise, null, text, fresh);
    }

    /**
     * Latents of a video.
     *
     * @param noise initial noise of the frames to generate, {@code [B, F, C, H, W]} in the model's dtype
     * @param given clean latents that the video starts with, {@code [B, F₀, C, H, W]}: an image, or a video to extend; null for none
     * @param text text states {@code [B, L, textDim]}
     * @param fresh the noise between denoising steps
     * @return {@code [B, F₀ + F, C, H, W]}, owned by the open scope
     * @throws IllegalArgumentException where the frames do not split into chunks
     */
    public Tensor run(Tensor noise, @Nullable Tensor given, Tensor text, NoiseSource fresh) {
        int givenFrames = given == null ? 0 : Math.toIntExact(given.size(1));
        ChunkPlan plan = ChunkPlan.of(config, givenFrames, Math.toIntExact(noise.size(1)));
        return Torch.withoutGradients(() -> TensorScope.run(() -> {
            Tensor video = given == null ? noise : Ops.cat(1, given, noise);
            try (Video rolling = new Video(plan, video, text)) {
                plan.given().forEach(chunk -> rolling.remember(chunk, rolling.frames(chunk), 0));
                plan.generated().forEach(chunk -> TensorScope.runAndFree(() -> rolling.generate(chunk, fresh)));
                return rolling.latents;
            }
        }));
    }

    /** One video (or batch of videos) on its way: {@code latents} are noise where they are not yet generated. */
    private final class Video implements AutoCloseable {
        private final Tensor latents;
        private final DenoiseSchedule schedule = new DenoiseSchedule(config);
        private final TextContext prompt;
        private final KvCache cache;
        private final CachedAttention attention;

        Video(ChunkPlan plan, Tensor noise, Tensor text) {
            AttentionShape shape = model.attentionShape(noise.size(3), noise.size(4));
            int batch = Math.toIntExact(noise.size(0));
            this.latents = Ops.copy(noise);
            this.prompt = new TextContext(text.detach());
            this.cache = new KvCache(config, shape, plan.frameCount(), batch, DTypes.of(noise), stores);
            this.attention = new CachedAttention(shape, cache);
            listener.started(plan, cache, prompt);
        }

        /** Denoises a chunk and lets the cache remember it. */
        void generate(ChunkPlan.Chunk chunk, NoiseSource fresh) {
            Tensor clean = denoise(chunk, fresh);
            frames(chunk).copy_(clean);
            remember(chunk, clean, config.contextNoise());
            listener.finished(chunk, clean);
        }

        /** From noise to clean latents in a few steps: predict the clean latents, re-noise them to the next timestep, and so on. */
        private Tensor denoise(ChunkPlan.Chunk chunk, NoiseSource fresh) {
            FlowMatchSchedule levels = schedule.levels();
            float[] timesteps = schedule.timesteps(chunk.index());
            Tensor noisy = frames(chunk);
            for (int pass = 0; ; pass++) {
                RolloutStep step = step(chunk, pass, false, timesteps[pass]);
                Tensor flow = forward(step, noisy);
                Tensor clean = levels.cleanFromFlow(noisy, flow, perSample(timesteps[pass]));
                listener.denoised(step, clean);
                if (pass == timesteps.length - 1) {
                    return clean;
                }
                Tensor noise = Ops.toTypeOf(fresh.next(step, Tensors.shape(clean)), clean);
                noisy = levels.addNoise(clean, noise, perSample(timesteps[pass + 1]));
            }
        }

        /** The context pass: overwrites the chunk's keys and values with those of its clean latents; the prediction is not used. */
        void remember(ChunkPlan.Chunk chunk, Tensor clean, double timestep) {
            int pass = chunk.index() < 0 ? 0 : schedule.timesteps(chunk.index()).length;
            TensorScope.runAndFree(() -> forward(step(chunk, pass, true, timestep), clean));
        }

        private Tensor forward(RolloutStep step, Tensor noisy) {
            Tensor flow = TensorScope.run(
                    () -> model.forward(noisy, perSample(step.timestep()), prompt, step, sites, attention));
            listener.passed(step, noisy, flow);
            return flow;
        }

        private RolloutStep step(ChunkPlan.Chunk chunk, int pass, boolean isContext, double timestep) {
            return new RolloutStep(chunk.index(), pass, isContext, chunk.startFrame(), chunk.frameCount(), timestep);
        }

        /** The chunk's part of the latents: a view. */
        Tensor frames(ChunkPlan.Chunk chunk) {
            return Ops.slice(latents, 1, chunk.startFrame(), chunk.endFrame());
        }

        /** One timestep a sample, {@code [B, 1]}. */
        private Tensor perSample(double timestep) {
            return Tensors.full(DTypes.F32, timestep, latents.size(0), 1);
        }

        @Override
        public void close() {
            attention.close();
            cache.close();
            prompt.close();
        }
    }
}
