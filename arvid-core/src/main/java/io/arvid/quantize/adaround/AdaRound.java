package io.arvid.quantize.adaround;

import io.arvid.model.LinearSite;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
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
                Scheme.staticPerTensor(4, 8), 0, RangeRule.PERCENTILE, 1, 0, false, ReconstructionSettings.official());
    }

    @Override
    public Needs needs(AdaRoundRecipe recipe) {
        return recipe.rollouts(1);
    }

    @Override
    public QuantPlan choose(QuantContext context, AdaRoundRecipe recipe) {
        ScaledModel scaled =
                ScaledModel.of(context.model(), recipe.scheme(), recipe.range().weights());
        ScaledModel ranged = recipe.inputCalibration().calibrate(context, scaled);
        SequencedMap<LinearSite, LayerPlan> layers = ModelReconstruction.of(recipe.reconstruction(), recipe)
                .reconstruct(
                        context,
                        ranged,
                        site -> recipe.textPath() || !site.role().isTextPath());
        return QuantPlan.taking(id(), layers, recipe.scheme().kv());
    }
}
