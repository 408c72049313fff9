package io.arvid.quantize.qarvd;

import io.arvid.calibrate.ActivationTape;
import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.InputTap;
import io.arvid.calibrate.Samples;
import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.quantize.InputCalibration;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.adaround.LayerReconstruction;
import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.record.Progress;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

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
        try (ActivationTape tape = new ActivationTape(this::isReconstructed, recipe.tokensPerSample(), recipe.seed());
                LayerWork work = new LayerWork(context.workers())) {
            InputCalibration.rollOut(
                    context,
                    new InputTap(context.model().fullPrecision(), tape),
                    recipe.calibrationPrompts(),
                    "recording inputs, full precision");
            try (Progress.Stage stage =
                    context.progress().begin("reconstruction", scaled.layers().size())) {
                return work.map(scaled.layers(), (site, layer) -> {
                    LayerPlan plan = isReconstructed(site)
                            ? reconstruct(context.model(), site, layer, tape.samples(site))
                            : layer.nearest();
                    stage.step();
                    return plan;
                });
            }
        }
    }

    /** The layers that see only the prompt are rounded to nearest by the official code. */
    private boolean isReconstructed(LinearSite site) {
        return !site.role().isTextPath() || recipe.has(Difference.RECONSTRUCT_TEXT_PATH);
    }

    private LayerPlan reconstruct(CausalVideoModel model, LinearSite site, ScaledLayer layer, Samples samples) {
        try (TensorScope scope = TensorScope.open();
                Seeds batches = new Seeds(recipe.seed() + site.name().hashCode());
                LayerReconstruction reconstruction = new LayerReconstruction(
                        layer,
                        recipe.reconstruction(),
                        new ReconstructionSettings.Extras(
                                recipe.has(Difference.COSINE_ON_ROUNDING), recipe.has(Difference.TRAIN_WEIGHT_SCALES)),
                        samples.inputs(),
                        samples.outputs(model.weight(site), model.bias(site)),
                        sampleWeights(site, layer, samples),
                        Ops.toF32(model.bias(site)))) {
            LayerPlan plan = reconstruction.run(batches);
            plan.tensors().forEach(scope::keep);
            return plan;
        }
    }

    private Tensor sampleWeights(LinearSite site, ScaledLayer layer, Samples samples) {
        boolean weighted = !site.role().isTextPath()
                && (layer.outliers() == null || recipe.has(Difference.FRAME_WEIGHT_ON_DUAL_SCALE));
        return samples.sumWeights(
                weighted ? weights : FrameWeights.uniform(weights.alpha().size()));
    }
}
