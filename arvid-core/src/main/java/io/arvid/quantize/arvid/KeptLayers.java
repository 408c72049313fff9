package io.arvid.quantize.arvid;

import io.arvid.model.LinearSite;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.fake.FakeQuantForward;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.record.Progress;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * Layers that stay in bfloat16: those that hurt the final latents most for the bytes that they cost, each quantized alone, as far as the budget goes.
 *
 * @param share bytes that may be added, as a share of the quantized weights
 * @param prompts prompts that the layers are measured on
 */
public record KeptLayers(double share, int prompts) {
    private static final double FULL_BITS = 16;

    /** Checks the budget. */
    public KeptLayers {
        if (!(share >= 0) || prompts < 1) {
            throw new IllegalArgumentException("keep: a share of " + share + " measured on " + prompts + " prompts");
        }
    }

    /** {@code scaled} without the layers that stay. */
    ScaledModel without(QuantContext context, ScaledModel scaled) {
        context.requirePrompts(prompts);
        Set<LinearSite> kept = choose(errors(context, scaled), scaled);
        LinkedHashMap<LinearSite, ScaledLayer> rest = new LinkedHashMap<>(scaled.layers());
        rest.keySet().removeAll(kept);
        return new ScaledModel(rest);
    }

    /** Layers by error for the bytes they add, while they fit. */
    Set<LinearSite> choose(Map<LinearSite, Double> errors, ScaledModel scaled) {
        double budget = share
                * scaled.layers().entrySet().stream()
                        .mapToDouble(entry -> entry.getKey().weightCount() * bits(entry.getValue()))
                        .sum();
        List<LinearSite> byWorth = errors.keySet().stream()
                .sorted(Comparator.comparingDouble(
                        site -> -errors.get(site) / extra(site, scaled.layers().get(site))))
                .toList();
        Set<LinearSite> kept = new HashSet<>();
        for (LinearSite site : byWorth) {
            double extra = extra(site, scaled.layers().get(site));
            if (extra <= budget) {
                budget -= extra;
                kept.add(site);
            }
        }
        return kept;
    }

    private static double bits(ScaledLayer layer) {
        return layer.rule().grid().bits();
    }

    private static double extra(LinearSite site, ScaledLayer layer) {
        return site.weightCount() * (FULL_BITS - bits(layer));
    }

    /** Mean squared latent error with each layer quantized alone. */
    private Map<LinearSite, Double> errors(QuantContext context, ScaledModel scaled) {
        Map<LinearSite, Double> errors = new LinkedHashMap<>();
        long steps = (long) prompts * scaled.layers().size();
        try (TensorScope scope = TensorScope.open();
                QuantPlan rounded = scaled.nearest("rounded", new KvPlan.Full());
                FakeQuantForward quantized = new FakeQuantForward(context.model(), rounded);
                Progress.Stage stage = context.progress().begin("layer sensitivity", steps)) {
            for (int prompt = 0; prompt < prompts; prompt++) {
                int index = prompt;
                Tensor reference = Ops.toF64(context.rollouts()
                        .latents("full-precision", prompt, context.model().fullPrecision()));
                for (LinearSite site : scaled.layers().keySet()) {
                    TensorScope.runAndFree(() -> {
                        Tensor latents = context.rollouts()
                                .latents(
                                        site.name() + " alone",
                                        index,
                                        quantized.where((other, step) -> other.equals(site)));
                        double error = Tensors.item(Ops.meanSquaredError(Ops.toF64(latents), reference));
                        errors.merge(site, error, Double::sum);
                    });
                    stage.step();
                }
            }
        }
        return errors;
    }
}
