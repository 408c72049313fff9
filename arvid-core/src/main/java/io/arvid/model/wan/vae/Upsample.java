package io.arvid.model.wan.vae;

import io.arvid.tensor.Ops;
import io.arvid.weights.WeightMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Doubles height and width, halves the channels and, where {@code inTime}, doubles the frames: all but the first of a clip, which is not part of what
 * later frames look back on either.
 *
 * @param name name in the checkpoint
 * @param width input channels
 * @param inTime true for the layers that also double time
 */
record Upsample(String name, int width, boolean inTime) implements VaeLayer {
    @Override
    public void addParameters(Map<String, long[]> shapes) {
        shapes.put(name + ".resample.1.weight", new long[] {width / 2, width, 3, 3});
        shapes.put(name + ".resample.1.bias", new long[] {width / 2});
        if (inTime) {
            timeConv().addParameters(shapes);
        }
    }

    @Override
    public Tensor apply(Tensor x, WeightMap weights, FrameHistory history) {
        Tensor frames = inTime && !history.begins(name) ? doubleFrames(x, weights, history) : x;
        Tensor enlarged = Ops.upsampleNearest(Activations.images(frames), 2);
        Tensor convolved = Ops.conv2d(
                enlarged, weights.get(name + ".resample.1.weight"), weights.get(name + ".resample.1.bias"), 1, 1);
        return Activations.ofImages(convolved, x.size(0));
    }

    /** Twice the channels by a convolution over time; the halves become neighbouring frames. */
    private Tensor doubleFrames(Tensor x, WeightMap weights, FrameHistory history) {
        Tensor doubled = timeConv().apply(x, weights, history);
        return doubled.reshape(x.size(0), x.size(1), x.size(2), x.size(3), 2, width)
                .permute(0, 1, 4, 2, 3, 5)
                .reshape(x.size(0), 2 * x.size(1), x.size(2), x.size(3), width);
    }

    private CausalConv timeConv() {
        return new CausalConv(name + ".time_conv", width, 2 * width, 3, 1);
    }
}
