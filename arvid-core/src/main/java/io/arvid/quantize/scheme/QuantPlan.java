package io.arvid.quantize.scheme;

import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.tensor.TensorScope;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * What a method decided: a plan for each quantized layer; layers without one stay in full precision. Owns its tensors until it is closed.
 *
 * @param method id of the method
 * @param layers plans in the model's order of layers
 * @param kv how the KV cache is stored
 * @param phases parts of a roll-out in which some layers have other plans; empty for most methods
 */
public record QuantPlan(String method, SequencedMap<LinearSite, LayerPlan> layers, KvPlan kv, List<Phase> phases)
        implements AutoCloseable {
    /**
     * A part of a roll-out.
     *
     * @param buckets how passes are divided
     * @param bucket the passes that are meant
     * @param layers plans that hold instead; each of a layer that the plan quantizes
     */
    public record Phase(StepBuckets buckets, int bucket, SequencedMap<LinearSite, LayerPlan> layers) {
        /** Copies the plans. */
        public Phase {
            layers = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(layers));
        }

        /** True where {@code step} is in this phase. */
        public boolean holds(RolloutStep step) {
            return buckets.of(step) == bucket;
        }

        private Phase map(UnaryOperator<LayerPlan> change) {
            return new Phase(buckets, bucket, changed(layers, change));
        }
    }

    /** Takes the tensors of all plans out of the reach of every scope. */
    public QuantPlan {
        layers = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(layers));
        phases = List.copyOf(phases);
        for (Phase phase : phases) {
            if (!layers.keySet().containsAll(phase.layers().keySet())) {
                throw new IllegalArgumentException("a phase has plans of layers that the plan does not quantize");
            }
        }
        everyLayer(layers, phases).forEach(layer -> layer.tensors().forEach(TensorScope::own));
    }

    /** The same plans all along. */
    public QuantPlan(String method, SequencedMap<LinearSite, LayerPlan> layers, KvPlan kv) {
        this(method, layers, kv, List.of());
    }

    /** A plan of layers whose tensors were outside every scope: their owner is the plan now. */
    public static QuantPlan taking(String method, SequencedMap<LinearSite, LayerPlan> layers, KvPlan kv) {
        QuantPlan plan = new QuantPlan(method, layers, kv);
        layers.values().forEach(layer -> layer.tensors().forEach(Tensor::close));
        return plan;
    }

    private static Stream<LayerPlan> everyLayer(SequencedMap<LinearSite, LayerPlan> layers, List<Phase> phases) {
        return Stream.concat(
                layers.values().stream(), phases.stream().flatMap(phase -> phase.layers().values().stream()));
    }

    private static LinkedHashMap<LinearSite, LayerPlan> changed(
            SequencedMap<LinearSite, LayerPlan> layers, UnaryOperator<LayerPlan> change) {
        LinkedHashMap<LinearSite, LayerPlan> changed = new LinkedHashMap<>();
        layers.forEach((site, layer) -> changed.put(site, change.apply(layer)));
        return changed;
    }

    /** A plan of this method with every layer changed by {@code change}. It shares tensors with this one; both are to be closed. */
    public QuantPlan map(UnaryOperator<LayerPlan> change) {
        return new QuantPlan(
                method,
                changed(layers, change),
                kv,
                phases.stream().map(phase -> phase.map(change)).toList());
    }

    /** This plan with inputs in full precision. It shares tensors with this one; both are to be closed. */
    public QuantPlan weightsOnly() {
        return map(layer -> layer.withInput(new InputPlan.Full(), new InputPlan.Full()));
    }

    /** This plan as it is outside its phases. It shares tensors with this one; both are to be closed. */
    public QuantPlan withoutPhases() {
        return new QuantPlan(method, layers, kv);
    }

    @Override
    public void close() {
        everyLayer(layers, phases).forEach(layer -> layer.tensors().forEach(Tensor::close));
    }
}
