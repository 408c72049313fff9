package io.arvid.model.wan.vae;

import io.arvid.weights.WeightMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Norm, SiLU and the last convolution of the encoder or decoder.
 *
 * @param name name in the checkpoint
 * @param in input channels
 * @param out output channels
 */
record OutputHead(String name, int in, int out) implements VaeLayer {
    @Override
    public void addParameters(Map<String, long[]> shapes) {
        shapes.put(name + ".0.gamma", new long[] {in, 1, 1, 1});
        conv().addParameters(shapes);
    }

    @Override
    public Tensor apply(Tensor x, WeightMap weights, FrameHistory history) {
        Tensor active = Activations.normalizeAndActivate(x, weights.get(name + ".0.gamma"));
        return conv().apply(active, weights, history);
    }

    private CausalConv conv() {
        return new CausalConv(name + ".2", in, out, 3, 3);
    }
}
