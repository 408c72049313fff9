package io.arvid.evaluate;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** Mean squared difference of latents over the channels and pixels of a frame, in float64 (Q-ARVD, Eq. of the chunk sensitivity). */
public final class LatentError implements FrameComparison {
    @Override
    public String id() {
        return "latent-mse";
    }

    @Override
    public Direction direction() {
        return Direction.LOWER_IS_BETTER;
    }

    @Override
    public double[] perFrame(Tensor reference, Tensor latents) {
        FrameComparison.requirePair(reference, latents);
        try (TensorScope scope = TensorScope.open()) {
            Tensor difference = Ops.toF64(latents).sub(Ops.toF64(reference));
            return Tensors.toDoubles(Ops.mean(difference.mul(difference), false, 1, 2, 3));
        }
    }
}
