package io.arvid.evaluate;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * Peak signal-to-noise ratio in dB for values in [0, 1], over all pixels and channels of a frame: {@code −10 · log10(mean squared error)}. Frames
 * whose mean squared error is below 1e-10 count as identical: {@value #IDENTICAL} dB (Q-ARVD, {@code calculate_psnr.py}).
 *
 * <p>The mean is taken in float64; the official script takes it in float32.
 */
public final class Psnr implements FrameComparison {
    /** What identical frames get. */
    public static final double IDENTICAL = 100;

    private static final double IDENTICAL_BELOW = 1e-10;

    @Override
    public String id() {
        return "psnr";
    }

    @Override
    public Direction direction() {
        return Direction.HIGHER_IS_BETTER;
    }

    @Override
    public double[] perFrame(Tensor reference, Tensor video) {
        FrameComparison.requirePair(reference, video);
        double[] decibels = new double[(int) video.size(0)];
        for (int t = 0; t < decibels.length; t++) {
            decibels[t] = ofFrame(reference, video, t);
        }
        return decibels;
    }

    private static double ofFrame(Tensor reference, Tensor video, int t) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor error = Ops.meanSquaredError(Ops.toF64(Frames.unit(reference, t)), Ops.toF64(Frames.unit(video, t)));
            return ofMeanSquaredError(Tensors.item(error));
        }
    }

    /** PSNR of a mean squared error of values in [0, 1]. */
    public static double ofMeanSquaredError(double error) {
        return error < IDENTICAL_BELOW ? IDENTICAL : 20 * Math.log10(1 / Math.sqrt(error));
    }
}
