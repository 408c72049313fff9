package io.arvid.quantize.qarvd;

import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.fit.WeightFit;
import java.util.LinkedHashMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Step B: layers with outlier channels get two scales a row, one for the outlier columns and one for the others (Q-ARVD, equation 8), so that a few
 * large columns no longer stretch the grid of all.
 */
final class DualScale {
    private final QArvdRecipe recipe;

    DualScale(QArvdRecipe recipe) {
        this.recipe = recipe;
    }

    /** The layers of {@code model} with weight scales, those with outliers split; inputs in full precision. */
    ScaledModel scale(CausalVideoModel model) {
        WeightFit fit = recipe.range().weights();
        LinkedHashMap<LinearSite, ScaledLayer> layers = new LinkedHashMap<>();
        for (LinearSite site : recipe.scheme().sites(model)) {
            layers.put(site, scale(site, model.weight(site), fit));
        }
        return new ScaledModel(layers);
    }

    private ScaledLayer scale(LinearSite site, Tensor weight, WeightFit fit) {
        if (!recipe.dualScale() || !mayHaveOutliers(site)) {
            return ScaledLayer.of(weight, recipe.scheme().weights(), fit);
        }
        OutlierDetection.Columns columns = recipe.outliers().find(weight, recipe.has(Difference.OUTLIER_GUARDS));
        if (columns.outliers().numel() == 0 || columns.normals().numel() == 0) {
            return ScaledLayer.of(weight, recipe.scheme().weights(), fit);
        }
        return ScaledLayer.split(
                weight,
                recipe.scheme().weights(),
                fit,
                columns.outliers(),
                columns.normals(),
                !recipe.has(Difference.DUAL_SCALE_ON_INPUTS));
    }

    private boolean mayHaveOutliers(LinearSite site) {
        return site.role().isInBlock() || recipe.has(Difference.DUAL_SCALE_OUTSIDE_BLOCKS);
    }
}
