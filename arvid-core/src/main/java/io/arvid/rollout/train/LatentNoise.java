package io.arvid.rollout.train;

import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** Noise on latents in proportion to each channel's spread, so that a decoder forgives what a generator gets slightly wrong. */
final class LatentNoise {
    private LatentNoise() {}

    /**
     * Normal noise shaped and typed as {@code latents [B, F, C, h, w]}: for every clip a share of each channel's standard deviation that is drawn
     * uniformly from 0 to {@code most}. No gradient passes.
     */
    static Tensor of(Tensor latents, double most, long seed) {
        Tensor values = Ops.toF32(latents.detach());
        Tensor mean = Ops.mean(values, true, 0, 1, 3, 4);
        Tensor spread = Ops.mean(values.sub(mean).square(), true, 0, 1, 3, 4).sqrt();
        try (Seeds seeds = new Seeds(seed)) {
            Tensor share = Ops.mul(seeds.uniform(latents.size(0), 1, 1, 1, 1), most);
            return Ops.toTypeOf(seeds.normal(Tensors.shape(latents)).mul(spread.mul(share)), latents);
        }
    }
}
