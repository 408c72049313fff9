package io.arvid.calibrate;

import io.arvid.model.SiteForward;
import io.arvid.rollout.ChunkPlan;
import io.arvid.rollout.KvStore;
import io.arvid.rollout.NoiseSource;
import io.arvid.rollout.Rollout;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import java.util.List;
import java.util.function.IntFunction;
import org.bytedeco.pytorch.Tensor;

/**
 * Calibration prompts on the real roll-out.
 *
 * @param rollout model, schedule and cache; its arithmetic is replaced
 * @param texts text states of each prompt, {@code [1, L, textDim]}
 * @param frames latent frames of a video
 * @param noise the noise of each prompt, the same each time
 */
public record PromptRollouts(Rollout rollout, List<Tensor> texts, int frames, IntFunction<Noise> noise)
        implements CalibrationRollouts {
    /**
     * The noise of one roll-out.
     *
     * @param initial {@code [1, F, C, H, W]} in the model's dtype
     * @param fresh between denoising steps
     * @param release called when the roll-out has ended
     */
    public record Noise(Tensor initial, NoiseSource fresh, Runnable release) {}

    /**
     * Prompts with noise from a stream each: prompt i draws from {@code seed + i}.
     *
     * @param frames latent frames
     * @param channels latent channels
     * @param height latent rows
     * @param width latent columns
     */
    public static PromptRollouts seeded(
            Rollout rollout, List<Tensor> texts, int frames, int channels, int height, int width, long seed) {
        return new PromptRollouts(rollout, texts, frames, prompt -> {
            Seeds seeds = new Seeds(seed + prompt);
            Tensor initial = Ops.toTypeOf(seeds.normal(1, frames, channels, height, width), texts.get(prompt));
            return new Noise(initial, NoiseSource.seeded(seeds), seeds::close);
        });
    }

    @Override
    public int promptCount() {
        return texts.size();
    }

    @Override
    public int chunkCount() {
        return ChunkPlan.of(rollout.config(), 0, frames).generated().size();
    }

    @Override
    public Tensor textStates(int prompt) {
        return texts.get(prompt);
    }

    @Override
    public Tensor latents(int prompt, SiteForward sites) {
        return latents(prompt, sites, rollout.stores());
    }

    @Override
    public Tensor latents(int prompt, SiteForward sites, KvStore.Factory stores) {
        return TensorScope.run(() -> {
            Noise drawn = noise.apply(prompt);
            try {
                return rollout.with(sites).with(stores).run(drawn.initial(), texts.get(prompt), drawn.fresh());
            } finally {
                drawn.release().run();
            }
        });
    }
}
