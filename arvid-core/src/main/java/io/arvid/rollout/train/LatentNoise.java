package io.arvid.rollout.train;

import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** Noise on latents in proportion to each channel's spread, so that a decoder forgives what a generator gets slightly wrong. */
final class LatentNoise {
    private LatentNoise() {}

    /** Normal noise shaped and typed as {@code latents [B, F, C, h, w]}, {@code share} of a channel's standard deviation wide; no gradient passes. */
    static Tensor of(Tensor latents, double share, long seed) {
        Tensor values = Ops.toF32(latents.detach());
        Tensor mean = Ops.mean(values, true, 0, 1, 3, 4);
        Tensor spread = Ops.mean(values.sub(mean).square(), true, 0, 1, 3, 4).sqrt();
        try (Seeds seeds = new Seeds(seed)) {
            return Ops.toTypeOf(seeds.normal(Tensors.shape(latents)).mul(Ops.mul(spread, share)), latents);
        }
    }
}
