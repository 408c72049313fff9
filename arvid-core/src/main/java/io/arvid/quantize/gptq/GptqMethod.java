package io.arvid.quantize.gptq;

import io.arvid.model.LinearSite;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.GptqWeightFit;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.fit.WeightFit;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import java.util.SequencedMap;

/** GPTQ (arXiv 2210.17323): weights rounded channel by channel with the error fed back; static inputs by their range. */
public final class GptqMethod implements QuantMethod<GptqRecipe> {
    @Override
    public String id() {
        return "gptq";
    }

    @Override
    public GptqRecipe defaults() {
        return new GptqRecipe(
                Scheme.staticPerTensor(4, 8), 0, RangeRule.PERCENTILE, false, false, new Gptq(0.01, true, 128), 1, 0);
    }

    @Override
    public Needs needs(GptqRecipe recipe) {
        return recipe.rollouts(1);
    }

    @Override
    public QuantPlan choose(QuantContext context, GptqRecipe recipe) {
        WeightFit fit = recipe.gptqRange()
                ? new GptqWeightFit(recipe.shrink())
                : recipe.range().weights();
        ScaledModel scaled = ScaledModel.of(context.model(), recipe.scheme(), fit);
        ScaledModel ranged = recipe.inputCalibration().calibrate(context, scaled);
        SequencedMap<LinearSite, LayerPlan> layers =
                GptqRounding.of(recipe.solver(), recipe).round(context, ranged);
        return QuantPlan.taking(id(), layers, recipe.scheme().kv());
    }
}
