package io.arvid.quantize.qat;

import io.arvid.rollout.DenoiseSchedule;
import io.arvid.rollout.RolloutConfig;

/**
 * How the model will be sampled, as far as training asks.
 *
 * @param framesPerChunk latent frames that are generated together
 * @param timesteps of the sampler, 0 … 1000, in its order
 * @param shift shift of the noise levels
 */
public record QatSampling(int framesPerChunk, float[] timesteps, double shift) {
    /** That of a causal roll-out. */
    public static QatSampling of(RolloutConfig rollout) {
        return new QatSampling(rollout.framesPerChunk(), new DenoiseSchedule(rollout).timesteps(), rollout.shift());
    }

    /** Where a video begins. */
    float first() {
        return timesteps[0];
    }

    /** One of the sampler's timesteps, for u in [0, 1). */
    double timestep(double u) {
        return timesteps[(int) (u * timesteps.length)];
    }

    /** Any timestep, shifted, for u in [0, 1). */
    double shifted(double u) {
        return 1000 * shift * u / (1 + (shift - 1) * u);
    }
}
