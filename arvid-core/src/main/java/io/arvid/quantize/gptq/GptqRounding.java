package io.arvid.quantize.gptq;

import io.arvid.calibrate.GramObserver;
import io.arvid.calibrate.InputTap;
import io.arvid.model.LinearSite;
import io.arvid.quantize.InputCalibration;
import io.arvid.quantize.LayerWork;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.fit.ColumnScales;
import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.LayerPlan;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Rounds every layer by GPTQ on the full-precision inputs of calibration roll-outs. Layers are taken in batches whose matrices fit in memory; every batch
 * rolls out anew.
 *
 * @param gptq the solver
 * @param prompts calibration prompts
 */
public record GptqRounding(Gptq gptq, int prompts) {
    private static final long MATRIX_BYTES = 4L << 30;

    /** Plans of all layers of {@code scaled}; the caller owns their tensors. */
    public SequencedMap<LinearSite, LayerPlan> round(QuantContext context, ScaledModel scaled) {
        LinkedHashMap<LinearSite, LayerPlan> plans = new LinkedHashMap<>();
        for (List<LinearSite> batch : GramObserver.batches(scaled.layers().keySet(), 1, MATRIX_BYTES)) {
            LinkedHashMap<LinearSite, ScaledLayer> layers = new LinkedHashMap<>();
            batch.forEach(site -> layers.put(site, scaled.layers().get(site)));
            try (GramObserver grams = new GramObserver(layers::containsKey);
                    LayerWork work = new LayerWork(context.workers())) {
                InputCalibration.rollOut(
                        context,
                        new InputTap(context.model().fullPrecision(), grams),
                        prompts,
                        "recording Gram matrices, full precision");
                plans.putAll(work.map(layers, (site, layer) -> round(layer, grams.of(site))));
            }
        }
        return plans;
    }

    private LayerPlan round(ScaledLayer layer, Tensor gram) {
        ColumnScales scales = ColumnScales.fixed(layer.scales(), layer.zeros());
        return layer.withCodes(gptq.round(
                        layer.weight(),
                        layer.transform().gram(gram),
                        scales,
                        layer.rule().grid())
                .codes());
    }
}
