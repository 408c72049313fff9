package io.arvid.quantize.minmax;

import io.arvid.calibrate.FrameWeights;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;

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
        return recipe.scheme().inputs().needsCalibration()
                ? new Needs.Rollouts(
                        recipe.calibrationPrompts(),
                        recipe.calibrationPrompts(),
                        Needs.Measured.NONE,
                        Needs.Measured.NONE)
                : new Needs.WeightsOnly();
    }

    @Override
    public QuantPlan plan(QuantContext context, MinMaxRecipe recipe) {
        return Torch.withoutGradients(() -> {
            try (TensorScope scope = TensorScope.open()) {
                ScaledModel scaled = ScaledModel.of(
                        context.model(), recipe.scheme(), recipe.range().weights());
                FrameWeights uniform = FrameWeights.uniform(context.rollouts().chunkCount());
                return recipe.inputCalibration()
                        .calibrate(context, scaled, (site, layer) -> uniform)
                        .nearest(id(), recipe.scheme().kv());
            }
        });
    }
}
