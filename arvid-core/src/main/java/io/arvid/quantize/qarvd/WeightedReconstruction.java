package io.arvid.quantize.qarvd;

import io.arvid.calibrate.FrameWeights;
import io.arvid.model.LinearSite;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.adaround.ModelReconstruction;
import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.LayerPlan;
import java.util.SequencedMap;

/**
 * Step C: layer by layer, roundings and input scales are trained to keep the layer's output on full-precision inputs, the error of each sample weighted
 * by the sensitivity of its chunk (Q-ARVD, equation 5).
 */
final class WeightedReconstruction {
    private final QArvdRecipe recipe;
    private final FrameWeights weights;

    WeightedReconstruction(QArvdRecipe recipe, FrameWeights weights) {
        this.recipe = recipe;
        this.weights = weights;
    }

    /** Plans of all layers of {@code scaled}: reconstructed where the recipe says so, rounded to nearest elsewhere. The caller owns their tensors. */
    SequencedMap<LinearSite, LayerPlan> reconstruct(QuantContext context, ScaledModel scaled) {
        if (recipe.solver() == QArvdRecipe.Solver.GRAM) {
            return new GramRounding(recipe).reconstruct(context, scaled, this::isReconstructed, this::frameWeights);
        }
        ReconstructionSettings.Extras extras = new ReconstructionSettings.Extras(
                recipe.has(Difference.COSINE_ON_ROUNDING), recipe.has(Difference.TRAIN_WEIGHT_SCALES));
        return new ModelReconstruction(
                        recipe.reconstruction(),
                        extras,
                        recipe.calibrationPrompts(),
                        recipe.tokensPerSample(),
                        recipe.seed())
                .reconstruct(context, scaled, this::isReconstructed, this::frameWeights);
    }

    /** The layers that see only the prompt are rounded to nearest by the official code. */
    private boolean isReconstructed(LinearSite site) {
        return !site.role().isTextPath() || recipe.has(Difference.RECONSTRUCT_TEXT_PATH);
    }

    private FrameWeights frameWeights(LinearSite site, ScaledLayer layer) {
        boolean weighted = !site.role().isTextPath()
                && (layer.outliers() == null || recipe.has(Difference.FRAME_WEIGHT_ON_DUAL_SCALE));
        return weighted ? weights : FrameWeights.uniform(weights.alpha().size());
    }
}
