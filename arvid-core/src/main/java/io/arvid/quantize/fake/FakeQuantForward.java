package io.arvid.quantize.fake;

import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteForward;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.tensor.MappedFiles;
import io.arvid.tensor.TensorScope;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.BiPredicate;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A {@link QuantPlan} simulated over an untouched model: planned layers compute with rounded weights and inputs, the others as before. Holds the
 * dequantized weights until it is closed, in place of the pages of a mapped file; the plan and the model must outlive it.
 */
public final class FakeQuantForward implements SiteForward, AutoCloseable {
    private final SiteForward fullPrecision;
    private final Map<LinearSite, FakeQuantLayer> layers;
    private final Map<QuantPlan.Phase, Map<LinearSite, FakeQuantLayer>> phases = new IdentityHashMap<>();

    /** Simulates {@code plan} over {@code model}. */
    public FakeQuantForward(CausalVideoModel model, QuantPlan plan) {
        this.fullPrecision = model.fullPrecision();
        this.layers = simulated(model, plan.layers());
        plan.phases().forEach(phase -> phases.put(phase, simulated(model, phase.layers())));
    }

    private static Map<LinearSite, FakeQuantLayer> simulated(CausalVideoModel model, Map<LinearSite, LayerPlan> plans) {
        Map<LinearSite, FakeQuantLayer> simulated = new HashMap<>();
        plans.forEach((site, layer) -> {
            simulated.put(site, new FakeQuantLayer(layer, model.bias(site)));
            MappedFiles.giveBack(model.weight(site));
        });
        return simulated;
    }

    private @Nullable FakeQuantLayer layer(LinearSite site, RolloutStep step) {
        for (var phase : phases.entrySet()) {
            FakeQuantLayer other = phase.getValue().get(site);
            if (other != null && phase.getKey().holds(step)) {
                return other;
            }
        }
        return layers.get(site);
    }

    @Override
    public Tensor apply(LinearSite site, RolloutStep step, Tensor input) {
        FakeQuantLayer layer = layer(site, step);
        if (layer == null) {
            return fullPrecision.apply(site, step, input);
        }
        return TensorScope.run(() -> layer.apply(step, input));
    }

    @Override
    public Tensor applyGelu(LinearSite site, RolloutStep step, Tensor input) {
        return layer(site, step) == null
                ? fullPrecision.applyGelu(site, step, input)
                : SiteForward.super.applyGelu(site, step, input);
    }

    /** Quantizes only where {@code active} holds; elsewhere layers are in full precision, bit for bit. */
    public SiteForward where(BiPredicate<LinearSite, RolloutStep> active) {
        return new SiteForward() {
            private SiteForward chosen(LinearSite site, RolloutStep step) {
                return active.test(site, step) ? FakeQuantForward.this : fullPrecision;
            }

            @Override
            public Tensor apply(LinearSite site, RolloutStep step, Tensor input) {
                return chosen(site, step).apply(site, step, input);
            }

            @Override
            public Tensor applyGelu(LinearSite site, RolloutStep step, Tensor input) {
                return chosen(site, step).applyGelu(site, step, input);
            }
        };
    }

    /** Quantizes only while chunk {@code chunk} is generated, its context pass included. */
    public SiteForward duringChunk(int chunk) {
        return where((site, step) -> step.chunk() == chunk);
    }

    @Override
    public void close() {
        layers.values().forEach(FakeQuantLayer::close);
        phases.values().forEach(plans -> plans.values().forEach(FakeQuantLayer::close));
    }
}
