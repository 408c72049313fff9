package io.arvid.quantize.gptq;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.GramObserver;
import io.arvid.calibrate.InputTap;
import io.arvid.calibrate.Samples;
import io.arvid.calibrate.TokenMoments;
import io.arvid.model.LinearSite;
import io.arvid.model.SiteForward;
import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.LayerWork;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.RecordedLayers;
import io.arvid.quantize.fit.ColumnScales;
import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.record.Progress;
import io.arvid.tensor.TensorScope;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Rounds every layer by GPTQ on the full-precision inputs of calibration roll-outs. In memory, the matrices of all tokens are summed while the model rolls
 * out, layers in batches whose matrices fit, every batch in roll-outs of its own; on disk, one roll-out records tokens, and each layer sums its own.
 *
 * @param gptq the solver
 * @param prompts calibration prompts
 * @param tokensPerSample tokens of each pass that are recorded to disk, 0 for all
 * @param seed of their choice
 */
public record GptqRounding(Gptq gptq, int prompts, int tokensPerSample, long seed) {
    private static final long MATRIX_BYTES = 4L << 30;

    /** The plan {@code id} with the layers of {@code scaled} rounded by {@code gptq}, or to nearest codes where it is null; the rest is of {@code recipe}. */
    public static QuantPlan orNearest(
            QuantContext context, String id, ScaledModel scaled, @Nullable Gptq gptq, CalibratedRecipe recipe) {
        KvPlan kv = recipe.scheme().kv();
        return gptq == null
                ? scaled.nearest(id, kv)
                : QuantPlan.taking(id, of(gptq, recipe).round(context, scaled), kv);
    }

    /** With the prompts and tokens of {@code recipe}. */
    static GptqRounding of(Gptq gptq, CalibratedRecipe recipe) {
        return new GptqRounding(gptq, recipe.calibrationPrompts(), recipe.tokensPerSample(), recipe.seed());
    }

    /** Plans of all layers of {@code scaled}; the caller owns their tensors. */
    SequencedMap<LinearSite, LayerPlan> round(QuantContext context, ScaledModel scaled) {
        context.requirePrompts(prompts);
        if (context.rollouts().recordsToDisk()) {
            return fromDisk(context, scaled);
        }
        LinkedHashMap<LinearSite, LayerPlan> plans = new LinkedHashMap<>();
        for (List<LinearSite> batch : GramObserver.batches(scaled.layers().keySet(), 1, MATRIX_BYTES)) {
            LinkedHashMap<LinearSite, ScaledLayer> layers = new LinkedHashMap<>();
            batch.forEach(site -> layers.put(site, scaled.layers().get(site)));
            try (GramObserver grams = new GramObserver(layers::containsKey);
                    LayerWork work = new LayerWork(context.workers())) {
                watch(context, new InputTap(context.model().fullPrecision(), grams));
                plans.putAll(work.map(layers, (site, layer) -> round(layer, grams.of(site))));
            }
        }
        return plans;
    }

    private void watch(QuantContext context, SiteForward sites) {
        try (Progress.Stage stage = context.progress().begin("recording Gram matrices, full precision", prompts)) {
            for (int prompt = 0; prompt < prompts; prompt++) {
                int index = prompt;
                TensorScope.runAndFree(() -> context.rollouts().latents(index, sites));
                stage.step();
            }
        }
    }

    private SequencedMap<LinearSite, LayerPlan> fromDisk(QuantContext context, ScaledModel scaled) {
        return RecordedLayers.round(
                context,
                scaled,
                "recording inputs of GPTQ, full precision",
                prompts,
                new CalibrationRollouts.Wanted(scaled.layers()::containsKey, tokensPerSample, seed),
                (site, layer, samples) -> round(layer, moments(samples, site.inFeatures())));
    }

    /** Of all tokens, each as often as it stands for another that was not kept. */
    private static TokenMoments moments(Samples samples, int in) {
        TokenMoments moments = TokenMoments.none(in);
        for (int i = 0; i < samples.count(); i++) {
            int sample = i;
            TensorScope.runAndFree(
                    () -> moments.add(samples.inputs().select(0, sample), samples.tokenShares()[sample]));
        }
        return moments;
    }

    private LayerPlan round(ScaledLayer layer, TokenMoments tokens) {
        ColumnScales scales = ColumnScales.fixed(layer.scales(), layer.zeros());
        return layer.withCodes(gptq.round(
                        layer.weight(),
                        layer.transform().gram(tokens),
                        scales,
                        layer.rule().grid())
                .codes());
    }
}
