package io.arvid.quantize.adaround;

import io.arvid.calibrate.FrameWeights;
import io.arvid.model.LinearSite;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.util.SequencedMap;

/** AdaRound (arXiv 2004.10568) layer by layer with trained input scales, as BRECQ and Q-ARVD's baseline have it: Q-ARVD without its two ideas. */
public final class AdaRound implements QuantMethod<AdaRoundRecipe> {
    @Override
    public String id() {
        return "adaround";
    }

    @Override
    public AdaRoundRecipe defaults() {
        return new AdaRoundRecipe(
                Scheme.staticPerTensor(4, 8),
                0,
                RangeRule.PERCENTILE,
                1,
                0,
                false,
                ReconstructionSettings.official());
    }

    @Override
    public Needs needs(AdaRoundRecipe recipe) {
        return recipe.rollouts(1);
    }

    @Override
    public QuantPlan plan(QuantContext context, AdaRoundRecipe recipe) {
        return Torch.withoutGradients(() -> {
            try (TensorScope scope = TensorScope.open()) {
                FrameWeights uniform =
                        FrameWeights.uniform(context.rollouts().chunkCount());
                ScaledModel scaled = ScaledModel.of(
                        context.model(), recipe.scheme(), recipe.range().weights());
                ScaledModel ranged = recipe.inputCalibration().calibrate(context, scaled, (site, layer) -> uniform);
                SequencedMap<LinearSite, LayerPlan> layers = new ModelReconstruction(
                                recipe.reconstruction(),
                                ReconstructionSettings.Extras.NONE,
                                recipe.calibrationPrompts(),
                                recipe.tokensPerSample(),
                                recipe.seed())
                        .reconstruct(
                                context,
                                ranged,
                                site -> recipe.textPath() || !site.role().isTextPath(),
                                (site, layer) -> uniform);
                return QuantPlan.taking(id(), layers, recipe.scheme().kv());
            }
        });
    }
}
