package io.arvid.quantize.qarvd;

import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.quantize.FinishedLayers;
import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.fit.InputTransform;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.fit.WeightFit;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.Scheme;
import java.util.LinkedHashMap;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;

/**
 * Step B: layers with outlier channels get two scales a row, one for the outlier columns and one for the others (Q-ARVD, equation 8), so that a few
 * large columns no longer stretch the grid of all.
 *
 * @param scheme grids, and which layers are quantized
 * @param fit finds the scales
 * @param outliers which channels stand out
 * @param guards as in the official code: none where all norms are alike, and at most half of all channels
 * @param sharesInput false to give the outliers' input channels a static scale of their own
 * @param mayHaveOutliers layers that are looked at
 */
public record DualScale(
        Scheme scheme,
        WeightFit fit,
        OutlierDetection outliers,
        boolean guards,
        boolean sharesInput,
        Predicate<LinearSite> mayHaveOutliers) {
    /** As {@code recipe} says. */
    static DualScale of(QArvdRecipe recipe) {
        return new DualScale(
                recipe.scheme(),
                recipe.range().weights(),
                recipe.outliers(),
                recipe.has(Difference.OUTLIER_GUARDS),
                !recipe.has(Difference.DUAL_SCALE_ON_INPUTS),
                site -> recipe.dualScale()
                        && (site.role().isInBlock() || recipe.has(Difference.DUAL_SCALE_OUTSIDE_BLOCKS)));
    }

    /** The layers of {@code model} with weight scales, those with outliers split; inputs in full precision. */
    public ScaledModel scale(CausalVideoModel model) {
        return scale(model, FinishedLayers.NONE);
    }

    /** The same; scales that {@code ranged} knows are not looked for again. */
    public ScaledModel scale(CausalVideoModel model, FinishedLayers ranged) {
        LinkedHashMap<LinearSite, ScaledLayer> layers = new LinkedHashMap<>();
        for (LinearSite site : scheme.sites(model)) {
            layers.put(site, ScaledLayer.alone(() -> {
                Tensor weight = model.weight(site);
                return ranged.find(site).map(plan -> scaledAs(plan, weight)).orElseGet(() -> scale(site, weight));
            }));
        }
        return new ScaledModel(layers);
    }

    private ScaledLayer scaledAs(LayerPlan plan, Tensor weight) {
        InputPlan open = new InputPlan.Full();
        ScaledLayer.Outliers split = plan.correction(Correction.DualScale.class)
                .map(dual -> new ScaledLayer.Outliers(
                        dual.columns(), new AffinePairs(dual.scales(), dual.zeros()), open, sharesInput))
                .orElse(null);
        AffinePairs pairs = new AffinePairs(plan.scales(), plan.zeros());
        return new ScaledLayer(weight, scheme.weights(), pairs, open, split, InputTransform.NONE);
    }

    private ScaledLayer scale(LinearSite site, Tensor weight) {
        if (!mayHaveOutliers.test(site)) {
            return ScaledLayer.of(weight, scheme.weights(), fit);
        }
        OutlierDetection.Columns columns = outliers.find(weight, guards);
        if (columns.outliers().numel() == 0 || columns.normals().numel() == 0) {
            return ScaledLayer.of(weight, scheme.weights(), fit);
        }
        return ScaledLayer.split(weight, scheme.weights(), fit, columns.outliers(), columns.normals(), sharesInput);
    }
}
