package io.arvid.quantize.fake;

import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteForward;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.tensor.TensorScope;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiPredicate;
import org.bytedeco.pytorch.Tensor;

/**
 * A {@link QuantPlan} simulated over an untouched model: planned layers compute with rounded weights and inputs, the others as before. Holds the
 * dequantized weights until it is closed; the plan and the model must outlive it.
 */
public final class FakeQuantForward implements SiteForward, AutoCloseable {
    private final SiteForward fullPrecision;
    private final Map<LinearSite, FakeQuantLayer> layers = new HashMap<>();

    /** Simulates {@code plan} over {@code model}. */
    public FakeQuantForward(CausalVideoModel model, QuantPlan plan) {
        this.fullPrecision = model.fullPrecision();
        plan.layers().forEach((site, layer) -> layers.put(site, new FakeQuantLayer(layer, model.bias(site))));
    }

    @Override
    public Tensor apply(LinearSite site, RolloutStep step, Tensor input) {
        FakeQuantLayer layer = layers.get(site);
        if (layer == null) {
            return fullPrecision.apply(site, step, input);
        }
        return TensorScope.run(() -> layer.apply(step, input));
    }

    /** Quantizes only where {@code active} holds; elsewhere layers are in full precision. */
    public SiteForward where(BiPredicate<LinearSite, RolloutStep> active) {
        return (site, step, input) ->
                active.test(site, step) ? apply(site, step, input) : fullPrecision.apply(site, step, input);
    }

    /** Quantizes only while chunk {@code chunk} is generated, its context pass included. */
    public SiteForward duringChunk(int chunk) {
        return where((site, step) -> step.chunk() == chunk);
    }

    @Override
    public void close() {
        layers.values().forEach(FakeQuantLayer::close);
    }
}
