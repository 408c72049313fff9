package io.arvid.quantize.fit;

import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.tensor.TensorScope;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * The layers of a model whose scales are chosen and whose rounding is still open.
 *
 * @param layers in the model's order
 */
public record ScaledModel(SequencedMap<LinearSite, ScaledLayer> layers) {
    /** Scales found by {@code fit} for every layer that {@code scheme} quantizes; inputs in full precision. */
    public static ScaledModel of(CausalVideoModel model, Scheme scheme, WeightFit fit) {
        return of(model, scheme, fit, site -> InputTransform.NONE);
    }

    /** Scales found by {@code fit} for every layer after its transform; inputs in full precision. */
    public static ScaledModel of(
            CausalVideoModel model, Scheme scheme, WeightFit fit, Function<LinearSite, InputTransform> transforms) {
        LinkedHashMap<LinearSite, ScaledLayer> layers = new LinkedHashMap<>();
        for (LinearSite site : scheme.sites(model)) {
            layers.put(
                    site,
                    ScaledLayer.alone(
                            () -> ScaledLayer.of(model.weight(site), scheme.weights(), fit, transforms.apply(site))));
        }
        return new ScaledModel(layers);
    }

    /** The same with transforms of some layers. */
    public static ScaledModel of(
            CausalVideoModel model, Scheme scheme, WeightFit fit, Map<LinearSite, InputTransform> transforms) {
        return of(model, scheme, fit, site -> transforms.getOrDefault(site, InputTransform.NONE));
    }

    /** Every layer changed by {@code change}. */
    public ScaledModel map(BiFunction<LinearSite, ScaledLayer, ScaledLayer> change) {
        LinkedHashMap<LinearSite, ScaledLayer> changed = new LinkedHashMap<>();
        layers.forEach((site, layer) -> changed.put(site, change.apply(site, layer)));
        return new ScaledModel(changed);
    }

    /** The plan with every weight rounded to the nearest code. */
    public QuantPlan nearest(String method, KvPlan kv) {
        try (TensorScope scope = TensorScope.open()) {
            LinkedHashMap<LinearSite, LayerPlan> plans = new LinkedHashMap<>();
            layers.forEach((site, layer) -> plans.put(site, layer.nearestAlone()));
            return new QuantPlan(method, plans, kv);
        }
    }
}
