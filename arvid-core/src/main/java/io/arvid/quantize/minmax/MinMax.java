package io.arvid.quantize.minmax;

import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;

/** Every weight to its nearest code, every input by one static range: what all other methods are compared with. */
public final class MinMax implements QuantMethod<MinMaxRecipe> {
    @Override
    public String id() {
        return "minmax";
    }

    @Override
    public MinMaxRecipe defaults() {
        return new MinMaxRecipe(Scheme.staticPerTensor(8, 8), 0, RangeRule.PERCENTILE, 1, 0);
    }

    @Override
    public Needs needs(MinMaxRecipe recipe) {
        return recipe.rollouts(0);
    }

    @Override
    public QuantPlan choose(QuantContext context, MinMaxRecipe recipe) {
        ScaledModel scaled =
                ScaledModel.of(context.model(), recipe.scheme(), recipe.range().weights());
        return recipe.inputCalibration()
                .calibrate(context, scaled)
                .nearest(id(), recipe.scheme().kv());
    }
}
