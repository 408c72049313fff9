package io.arvid.model.wan.vae;

import io.arvid.tensor.Ops;
import io.arvid.weights.WeightMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * 3D convolution whose padding in time lies wholly in front: an output frame depends on its own and earlier input frames. In a stream the frames of the
 * call before stand where the padding would be.
 *
 * @param name name in the checkpoint
 * @param in input channels
 * @param out output channels
 * @param frames kernel size in time
 * @param side kernel size in height and width; padded to keep both
 */
record CausalConv(String name, int in, int out, int frames, int side) implements VaeLayer {
    @Override
    public void addParameters(Map<String, long[]> shapes) {
        shapes.put(name + ".weight", new long[] {out, in, frames, side, side});
        shapes.put(name + ".bias", new long[] {out});
    }

    @Override
    public Tensor apply(Tensor x, WeightMap weights, FrameHistory history) {
        Tensor weight = weights.get(name + ".weight");
        Tensor bias = weights.get(name + ".bias");
        if (frames == 1 && side == 1) {
            return Ops.linear(x, weight.reshape(out, in), bias);
        }
        return Activations.convolve(history.inFrontOf(x, name, frames - 1), weight, bias, 1, side / 2);
    }
}
