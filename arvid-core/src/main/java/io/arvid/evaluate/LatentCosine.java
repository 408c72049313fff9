package io.arvid.evaluate;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** Cosine of the angle between two frames of latents, each taken as one vector, in float64; 0 where a frame is all zeros. */
public final class LatentCosine implements FrameComparison {
    @Override
    public String id() {
        return "latent-cosine";
    }

    @Override
    public Direction direction() {
        return Direction.HIGHER_IS_BETTER;
    }

    @Override
    public double[] perFrame(Tensor reference, Tensor latents) {
        FrameComparison.requirePair(reference, latents);
        try (TensorScope scope = TensorScope.open()) {
            Tensor x = Ops.toF64(reference);
            Tensor y = Ops.toF64(latents);
            double[] dot = Tensors.toDoubles(Ops.sum(x.mul(y), false, 1, 2, 3));
            double[] xx = Tensors.toDoubles(Ops.sum(x.mul(x), false, 1, 2, 3));
            double[] yy = Tensors.toDoubles(Ops.sum(y.mul(y), false, 1, 2, 3));
            double[] cosine = new double[dot.length];
            for (int t = 0; t < dot.length; t++) {
                double lengths = Math.sqrt(xx[t] * yy[t]);
                cosine[t] = lengths == 0 ? 0 : dot[t] / lengths;
            }
            return cosine;
        }
    }
}
