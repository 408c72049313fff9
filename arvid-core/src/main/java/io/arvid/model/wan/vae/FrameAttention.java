package io.arvid.model.wan.vae;

import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Self-attention with one head among the pixels of each frame, added to the input.
 *
 * @param name name in the checkpoint
 * @param width channels
 */
record FrameAttention(String name, int width) implements VaeLayer {
    @Override
    public void addParameters(Map<String, long[]> shapes) {
        shapes.put(name + ".norm.gamma", new long[] {width, 1, 1});
        shapes.put(name + ".to_qkv.weight", new long[] {3L * width, width, 1, 1});
        shapes.put(name + ".to_qkv.bias", new long[] {3L * width});
        shapes.put(name + ".proj.weight", new long[] {width, width, 1, 1});
        shapes.put(name + ".proj.bias", new long[] {width});
    }

    @Override
    public Tensor apply(Tensor x, WeightMap weights, FrameHistory history) {
        Tensor pixels = Activations.normalize(x, weights.get(name + ".norm.gamma"))
                .reshape(-1, 1, x.size(2) * x.size(3), width);
        Tensor joined = linear("to_qkv", pixels, weights);
        Tensor query = Ops.slice(joined, -1, 0, width);
        Tensor key = Ops.slice(joined, -1, width, 2L * width);
        Tensor value = Ops.slice(joined, -1, 2L * width, 3L * width);
        Tensor mixed = linear("proj", Ops.attention(query, key, value, null), weights);
        return x.add(mixed.reshape(Tensors.shape(x)));
    }

    private Tensor linear(String part, Tensor x, WeightMap weights) {
        Tensor weight = weights.get(name + "." + part + ".weight");
        return Ops.linear(x, weight.reshape(weight.size(0), width), weights.get(name + "." + part + ".bias"));
    }
}
