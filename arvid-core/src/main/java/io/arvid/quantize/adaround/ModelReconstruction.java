package io.arvid.quantize.adaround;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.Samples;
import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.RecordedLayers;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.tensor.Devices;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import java.util.SequencedMap;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;

/**
 * Layer by layer, roundings and input scales are trained to keep the layer's output on the full-precision inputs of calibration roll-outs.
 *
 * @param settings optimizer
 * @param extras choices that paper and official code of Q-ARVD make differently
 * @param prompts calibration prompts
 * @param tokensPerSample tokens kept of each pass, 0 for all
 * @param seed of the batches and of the choice of tokens
 */
public record ModelReconstruction(
        ReconstructionSettings settings,
        ReconstructionSettings.Extras extras,
        int prompts,
        int tokensPerSample,
        long seed) {
    /** Without extras, on the prompts and tokens of {@code recipe}. */
    public static ModelReconstruction of(ReconstructionSettings settings, CalibratedRecipe recipe) {
        return new ModelReconstruction(
                settings,
                ReconstructionSettings.Extras.NONE,
                recipe.calibrationPrompts(),
                recipe.tokensPerSample(),
                recipe.seed());
    }

    /** Plans of all layers of {@code scaled}, those that are not {@code wanted} rounded to nearest; the caller owns their tensors. */
    public SequencedMap<LinearSite, LayerPlan> reconstruct(
            QuantContext context, ScaledModel scaled, Predicate<LinearSite> wanted) {
        FrameWeights uniform = context.uniformWeights();
        return reconstruct(context, scaled, wanted, (site, layer) -> uniform);
    }

    /**
     * Plans of all layers of {@code scaled}; the caller owns their tensors.
     *
     * @param wanted which layers are reconstructed; the others are rounded to nearest
     * @param frameWeights how much each chunk's error counts in a layer
     */
    public SequencedMap<LinearSite, LayerPlan> reconstruct(
            QuantContext context,
            ScaledModel scaled,
            Predicate<LinearSite> wanted,
            BiFunction<LinearSite, ScaledLayer, FrameWeights> frameWeights) {
        return RecordedLayers.round(
                context,
                scaled,
                "recording inputs, full precision",
                prompts,
                new CalibrationRollouts.Wanted(wanted, tokensPerSample, seed),
                (site, layer, samples) ->
                        reconstruct(context.model(), site, layer, samples, frameWeights.apply(site, layer)));
    }

    private LayerPlan reconstruct(
            CausalVideoModel model, LinearSite site, ScaledLayer layer, Samples samples, FrameWeights weights) {
        Tensor outputs = samples.outputs(model.weight(site), model.bias(site));
        try (TensorScope scope = TensorScope.open();
                Seeds batches = new Seeds(seed + site.name().hashCode())) {
            LayerPlan plan = train(
                    layer,
                    layer.transform().input(samples.inputs()),
                    outputs,
                    samples.sumWeights(weights),
                    layer.transform().bias(model.bias(site)),
                    batches);
            plan.tensors().forEach(scope::keep);
            return plan;
        }
    }

    /** On the CPU in fused passes over memory; on a GPU operation by operation. */
    private LayerPlan train(
            ScaledLayer layer, Tensor inputs, Tensor outputs, Tensor weights, Tensor bias, Seeds batches) {
        if (Devices.current().isCuda()) {
            try (LayerReconstruction plain =
                    new LayerReconstruction(layer, settings, extras, inputs, outputs, weights, bias)) {
                return plain.run(batches);
            }
        }
        try (FusedReconstruction fused =
                new FusedReconstruction(layer, settings, extras, inputs, outputs, weights, bias)) {
            return fused.run(batches);
        }
    }
}
