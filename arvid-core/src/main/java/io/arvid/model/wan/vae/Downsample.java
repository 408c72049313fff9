package io.arvid.model.wan.vae;

import io.arvid.tensor.Ops;
import io.arvid.weights.WeightMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Halves height and width and, where {@code inTime}, the number of frames: the first frame of a clip stays alone, later ones are joined in twos with
 * the frame before them in view.
 *
 * @param name name in the checkpoint
 * @param width channels
 * @param inTime true for the layers that also halve time
 */
record Downsample(String name, int width, boolean inTime) implements VaeLayer {
    @Override
    public void addParameters(Map<String, long[]> shapes) {
        shapes.put(name + ".resample.1.weight", new long[] {width, width, 3, 3});
        shapes.put(name + ".resample.1.bias", new long[] {width});
        if (inTime) {
            shapes.put(name + ".time_conv.weight", new long[] {width, width, 3, 1, 1});
            shapes.put(name + ".time_conv.bias", new long[] {width});
        }
    }

    @Override
    public Tensor apply(Tensor x, WeightMap weights, FrameHistory history) {
        Tensor padded = Ops.pad(x, 0, 0, 0, 1, 0, 1);
        Tensor halved = Activations.convolveFrames(
                padded, weights.get(name + ".resample.1.weight"), weights.get(name + ".resample.1.bias"), 2, 0);
        if (!inTime) {
            return halved;
        }
        if (history.begins(name)) {
            history.remember(halved, name, 1);
            return halved;
        }
        return Activations.convolve(
                history.inFrontOf(halved, name, 1),
                weights.get(name + ".time_conv.weight"),
                weights.get(name + ".time_conv.bias"),
                2,
                0);
    }
}
