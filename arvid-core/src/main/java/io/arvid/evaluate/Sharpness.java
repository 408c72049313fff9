package io.arvid.evaluate;

import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * Sharpness: the variance of the Laplacian of each frame's luma (0.299 R + 0.587 G + 0.114 B, in [0, 255], not rounded), borders mirrored. Blur lowers
 * it; noise raises it.
 */
public final class Sharpness implements VideoMetric {
    private static final float[] LUMA = {0.299f, 0.587f, 0.114f};
    private static final float[] LAPLACIAN = {0, 1, 0, 1, -4, 1, 0, 1, 0};

    @Override
    public String id() {
        return "sharpness";
    }

    @Override
    public Direction direction() {
        return Direction.HIGHER_IS_BETTER;
    }

    @Override
    public double[] perFrame(Tensor video) {
        double[] sharpness = new double[(int) video.size(0)];
        for (int t = 0; t < sharpness.length; t++) {
            try (TensorScope scope = TensorScope.open()) {
                Tensor frame = Frames.scaledTo255(video, t, t + 1);
                Tensor luma = Ops.sum(frame.mul(Tensors.of(LUMA, 1, 3, 1, 1)), true, 1);
                Tensor padded = ImageOps.padReflect(luma, 1, 1, 1, 1);
                Tensor edges = Ops.toF64(Ops.conv2d(padded, Tensors.of(LAPLACIAN, 1, 1, 3, 3), null, 1, 0));
                sharpness[t] = Tensors.item(edges.square().mean()) - Math.pow(Tensors.item(edges.mean()), 2);
            }
        }
        return sharpness;
    }
}
