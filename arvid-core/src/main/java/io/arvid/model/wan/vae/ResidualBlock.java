package io.arvid.model.wan.vae;

import io.arvid.tensor.TensorScope;
import io.arvid.weights.WeightMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Norm, SiLU, convolution, twice, added to the input; a 1×1×1 convolution brings the input to the output's width where they differ.
 *
 * @param name name in the checkpoint
 * @param in input channels
 * @param out output channels
 */
record ResidualBlock(String name, int in, int out) implements VaeLayer {
    @Override
    public void addParameters(Map<String, long[]> shapes) {
        shapes.put(name + ".residual.0.gamma", new long[] {in, 1, 1, 1});
        first().addParameters(shapes);
        shapes.put(name + ".residual.3.gamma", new long[] {out, 1, 1, 1});
        second().addParameters(shapes);
        if (in != out) {
            shortcut().addParameters(shapes);
        }
    }

    @Override
    public Tensor apply(Tensor x, WeightMap weights, FrameHistory history) {
        Tensor hidden = activateAndConvolve(x, "residual.0", first(), weights, history);
        Tensor residual = activateAndConvolve(hidden, "residual.3", second(), weights, history);
        return residual.add_(in == out ? x : shortcut().apply(x, weights, history));
    }

    private Tensor activateAndConvolve(
            Tensor x, String norm, CausalConv conv, WeightMap weights, FrameHistory history) {
        return TensorScope.run(() -> {
            Tensor active = Activations.normalizeAndActivate(x, weights.get(name + "." + norm + ".gamma"));
            return conv.apply(active, weights, history);
        });
    }

    private CausalConv first() {
        return new CausalConv(name + ".residual.2", in, out, 3, 3);
    }

    private CausalConv second() {
        return new CausalConv(name + ".residual.6", out, out, 3, 3);
    }

    private CausalConv shortcut() {
        return new CausalConv(name + ".shortcut", in, out, 1, 1);
    }
}
