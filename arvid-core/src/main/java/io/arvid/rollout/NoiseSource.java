package io.arvid.rollout;

import io.arvid.model.RolloutStep;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Where the fresh noise between two denoising steps comes from. */
@FunctionalInterface
public interface NoiseSource {
    /**
     * Standard normal noise, float32.
     *
     * @param step the denoising step that has just been made
     * @param shape {@code [B, F, C, H, W]} of the latents
     */
    Tensor next(RolloutStep step, long... shape);

    /** Noise for the whole batch from one stream, as the reference draws it. */
    static NoiseSource seeded(Seeds seeds) {
        return (step, shape) -> seeds.normal(shape);
    }

    /** Noise for every sample from a stream of its own, so that a video does not depend on what it is batched with. */
    static NoiseSource perSample(List<Seeds> seeds) {
        return (step, shape) -> {
            if (seeds.size() != shape[0]) {
                throw new IllegalArgumentException(seeds.size() + " noise streams for a batch of " + shape[0]);
            }
            long[] one = shape.clone();
            one[0] = 1;
            return Ops.cat(0, seeds.stream().map(s -> s.normal(one)).toList());
        };
    }
}
