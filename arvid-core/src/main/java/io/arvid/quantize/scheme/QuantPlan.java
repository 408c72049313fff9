package io.arvid.quantize.scheme;

import io.arvid.model.LinearSite;
import io.arvid.tensor.TensorScope;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/**
 * What a method decided: a plan for each quantized layer; layers without one stay in full precision. Owns its tensors until it is closed.
 *
 * @param method id of the method
 * @param layers plans in the model's order of layers
 * @param kv how the KV cache is stored
 */
public record QuantPlan(String method, SequencedMap<LinearSite, LayerPlan> layers, KvPlan kv) implements AutoCloseable {
    /** Takes the tensors of all plans out of the reach of every scope. */
    public QuantPlan {
        layers = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(layers));
        layers.values().forEach(layer -> layer.tensors().forEach(TensorScope::own));
    }

    /** A plan of this method with every layer changed by {@code change}. It shares tensors with this one; both are to be closed. */
    public QuantPlan map(UnaryOperator<LayerPlan> change) {
        LinkedHashMap<LinearSite, LayerPlan> changed = new LinkedHashMap<>();
        layers.forEach((site, layer) -> changed.put(site, change.apply(layer)));
        return new QuantPlan(method, changed, kv);
    }

    /** This plan with inputs in full precision. It shares tensors with this one; both are to be closed. */
    public QuantPlan weightsOnly() {
        return map(layer -> layer.withInput(new InputPlan.Full(), new InputPlan.Full()));
    }

    /** Weights that have codes. */
    public long quantizedWeightCount() {
        return layers.keySet().stream().mapToLong(LinearSite::weightCount).sum();
    }

    @Override
    public void close() {
        layers.values().forEach(layer -> layer.tensors().forEach(Tensor::close));
    }
}
