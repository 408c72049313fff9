package io.arvid.evaluate;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** Colour drift: how far the mean colour of each frame lies from that of the first frame, as a distance of RGB values in [0, 1]. */
public final class ColorDrift implements VideoMetric {
    @Override
    public String id() {
        return "color_drift";
    }

    @Override
    public Direction direction() {
        return Direction.LOWER_IS_BETTER;
    }

    /** One number for each frame but the first. */
    @Override
    public double[] perFrame(Tensor video) {
        if (video.size(0) < 2) {
            throw new IllegalArgumentException(
                    "colour drift needs at least two frames; the video has " + video.size(0));
        }
        double[] first = meanColor(video, 0);
        double[] drift = new double[(int) video.size(0) - 1];
        for (int t = 0; t < drift.length; t++) {
            double[] color = meanColor(video, t + 1);
            drift[t] =
                    Math.sqrt(square(color[0] - first[0]) + square(color[1] - first[1]) + square(color[2] - first[2]));
        }
        return drift;
    }

    @Override
    public int frameOf(int index) {
        return index + 1;
    }

    private static double[] meanColor(Tensor video, int t) {
        try (TensorScope scope = TensorScope.open()) {
            return Tensors.toDoubles(Ops.mean(Ops.toF64(Frames.unit(video, t)), false, 0, 2, 3));
        }
    }

    private static double square(double x) {
        return x * x;
    }
}
