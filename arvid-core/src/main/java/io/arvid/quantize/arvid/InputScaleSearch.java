package io.arvid.quantize.arvid;

import io.arvid.calibrate.FrameWeights;
import io.arvid.quantize.fit.ColumnScales;
import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.GramLoss;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.gram.GramSolver;
import io.arvid.quantize.gram.LayerGrams;
import io.arvid.quantize.gram.PairedInputs;
import io.arvid.tensor.TensorScope;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Static input scales and roundings chosen together: for each candidate scale the Gram matrices are built anew and the weights are rounded by GPTQ, and
 * the scale with the least loss wins. It is given pairs with the inputs seen as their own target: of the error that earlier layers made, a scale can only hide
 * a part by shrinking everything. Outlier channels have a search of their own, after the others'.
 *
 * @param factors candidates, as shares of the scale that the range gave
 */
record InputScaleSearch(List<Double> factors) {
    private static final Gptq QUICK = new Gptq(0, true, 128);
    private static final double DAMPING = 0.03;

    /** {@code layer} with the best input plans for {@code inputs}. */
    ScaledLayer best(ScaledLayer layer, List<PairedInputs> inputs, FrameWeights weights) {
        if (factors.size() == 1) {
            return layer;
        }
        ScaledLayer main = best(layer, inputs, weights, false);
        ScaledLayer.Outliers outliers = layer.outliers();
        return outliers == null || outliers.sharesInput() ? main : best(main, inputs, weights, true);
    }

    private ScaledLayer best(ScaledLayer layer, List<PairedInputs> inputs, FrameWeights weights, boolean ofOutliers) {
        ScaledLayer best = layer;
        double least = Double.POSITIVE_INFINITY;
        for (double factor : factors) {
            ScaledLayer candidate = scaled(layer, factor, ofOutliers);
            double loss = loss(candidate, inputs, weights);
            if (loss < least) {
                least = loss;
                best = candidate;
            }
        }
        return best;
    }

    private static ScaledLayer scaled(ScaledLayer layer, double factor, boolean ofOutliers) {
        ScaledLayer.Outliers outliers = layer.outliers();
        if (outliers == null || outliers.sharesInput()) {
            var plan = ArvidMethod.scaled(layer.input(), factor);
            return layer.withInputs(plan, plan);
        }
        return ofOutliers
                ? layer.withInputs(layer.input(), ArvidMethod.scaled(outliers.input(), factor))
                : layer.withInputs(ArvidMethod.scaled(layer.input(), factor), outliers.input());
    }

    private static double loss(ScaledLayer layer, List<PairedInputs> inputs, FrameWeights weights) {
        try (TensorScope scope = TensorScope.open();
                LayerGrams grams = new LayerGrams(layer, false)) {
            inputs.forEach(each -> grams.add(each, weights));
            GramLoss loss = grams.loss();
            GramLoss damped = loss.pulledTowards(layer.weight(), DAMPING * Gptq.meanDiagonal(loss.hessian()));
            Gptq.Prepared prepared = QUICK.prepare(damped.hessian(), 0);
            Tensor target = GramSolver.target(damped, prepared);
            ColumnScales scales = ColumnScales.fixed(layer.scales(), layer.zeros());
            return loss.of(
                    QUICK.roundTowards(target, prepared, scales, layer.rule().grid())
                            .values());
        }
    }
}
