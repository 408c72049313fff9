package io.arvid.evaluate;

import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/**
 * Structural similarity (Wang et al. 2004) of values in [0, 1]: Gaussian window of 11×11 with σ = 1.5, {@code C1 = 0.01²}, {@code C2 = 0.03²}, the
 * mean over the area where the window fits, then over channels, in float64 (Q-ARVD, {@code calculate_ssim.py}).
 *
 * <pre>{@code
 * ssim = (2 μ1 μ2 + C1)(2 σ12 + C2) / ((μ1² + μ2² + C1)(σ1² + σ2² + C2))      with μ = g * x,  σ12 = g * (x1 x2) − μ1 μ2
 * }</pre>
 */
public final class Ssim implements FrameComparison {
    private static final int TAPS = 11;
    private static final double SIGMA = 1.5;
    private static final double C1 = 0.01 * 0.01;
    private static final double C2 = 0.03 * 0.03;
    private static final double[] WINDOW = gaussian();

    @Override
    public String id() {
        return "ssim";
    }

    @Override
    public Direction direction() {
        return Direction.HIGHER_IS_BETTER;
    }

    /** One number per frame; frames need at least 11×11 pixels. */
    @Override
    public double[] perFrame(Tensor reference, Tensor video) {
        FrameComparison.requirePair(reference, video);
        int height = (int) video.size(2);
        int width = (int) video.size(3);
        if (height < TAPS || width < TAPS) {
            throw new IllegalArgumentException(
                    "SSIM needs frames of at least 11×11 pixels; these are " + width + "×" + height);
        }
        double[] similarity = new double[(int) video.size(0)];
        for (int t = 0; t < similarity.length; t++) {
            similarity[t] = ofFrame(reference, video, t, height, width);
        }
        return similarity;
    }

    private static double ofFrame(Tensor reference, Tensor video, int t, int height, int width) {
        try (TensorScope scope = TensorScope.open()) {
            double[] x = Tensors.toDoubles(Frames.unit(reference, t));
            double[] y = Tensors.toDoubles(Frames.unit(video, t));
            int plane = height * width;
            double sum = 0;
            int channels = x.length / plane;
            for (int c = 0; c < channels; c++) {
                sum += ofPlane(
                        Arrays.copyOfRange(x, c * plane, (c + 1) * plane),
                        Arrays.copyOfRange(y, c * plane, (c + 1) * plane),
                        width);
            }
            return sum / channels;
        }
    }

    /** SSIM of two planes of one channel, row-major, {@code width} values a row. */
    static double ofPlane(double[] x, double[] y, int width) {
        double[] meanX = blur(x, width);
        double[] meanY = blur(y, width);
        double[] squareX = blur(product(x, x), width);
        double[] squareY = blur(product(y, y), width);
        double[] cross = blur(product(x, y), width);
        double sum = 0;
        for (int i = 0; i < cross.length; i++) {
            double xx = meanX[i] * meanX[i];
            double yy = meanY[i] * meanY[i];
            double xy = meanX[i] * meanY[i];
            sum += (2 * xy + C1)
                    * (2 * (cross[i] - xy) + C2)
                    / ((xx + yy + C1) * (squareX[i] - xx + squareY[i] - yy + C2));
        }
        return sum / cross.length;
    }

    /** The window's weighted mean wherever it fits: rows first, then columns. */
    private static double[] blur(double[] plane, int width) {
        int height = plane.length / width;
        int outWidth = width - TAPS + 1;
        int outHeight = height - TAPS + 1;
        double[] rows = new double[height * outWidth];
        for (int r = 0; r < height; r++) {
            for (int k = 0; k < TAPS; k++) {
                addScaled(rows, r * outWidth, plane, r * width + k, WINDOW[k], outWidth);
            }
        }
        double[] blurred = new double[outHeight * outWidth];
        for (int r = 0; r < outHeight; r++) {
            for (int k = 0; k < TAPS; k++) {
                addScaled(blurred, r * outWidth, rows, (r + k) * outWidth, WINDOW[k], outWidth);
            }
        }
        return blurred;
    }

    private static void addScaled(double[] sum, int at, double[] values, int from, double scale, int count) {
        for (int i = 0; i < count; i++) {
            sum[at + i] += scale * values[from + i];
        }
    }

    private static double[] product(double[] x, double[] y) {
        double[] product = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            product[i] = x[i] * y[i];
        }
        return product;
    }

    private static double[] gaussian() {
        double[] window = new double[TAPS];
        double sum = 0;
        for (int i = 0; i < TAPS; i++) {
            double distance = i - (TAPS - 1) / 2.0;
            window[i] = Math.exp(-distance * distance / (2 * SIGMA * SIGMA));
            sum += window[i];
        }
        for (int i = 0; i < TAPS; i++) {
            window[i] /= sum;
        }
        return window;
    }
}
