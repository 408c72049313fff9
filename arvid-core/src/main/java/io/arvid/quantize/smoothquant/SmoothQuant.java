package io.arvid.quantize.smoothquant;

import io.arvid.calibrate.Extremes;
import io.arvid.model.LinearSite;
import io.arvid.quantize.BalancedInputs;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.fit.InputTransform;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.fit.SmoothingScales;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** SmoothQuant: smoothing factors from calibration, then every weight to its nearest code. */
public final class SmoothQuant implements QuantMethod<SmoothQuantRecipe> {
    @Override
    public String id() {
        return "smoothquant";
    }

    @Override
    public SmoothQuantRecipe defaults() {
        return new SmoothQuantRecipe(
                Scheme.staticPerTensor(8, 8), 0, RangeRule.PERCENTILE, 0.5, SmoothQuantRecipe.BEHIND_NORMS, 1, 0);
    }

    @Override
    public Needs needs(SmoothQuantRecipe recipe) {
        return recipe.rollouts(recipe.smoothed().isEmpty() ? 0 : 1);
    }

    @Override
    public QuantPlan choose(QuantContext context, SmoothQuantRecipe recipe) {
        Map<LinearSite, InputTransform> smoothing = BalancedInputs.find(
                context,
                recipe,
                "recording ranges, full precision",
                recipe.smoothed(),
                (inputs, columns) -> smoothing(recipe, inputs, columns));
        ScaledModel scaled =
                ScaledModel.of(context.model(), recipe.scheme(), recipe.range().weights(), smoothing);
        return recipe.inputCalibration()
                .calibrate(context, scaled)
                .nearest(id(), recipe.scheme().kv());
    }

    /** Equation 4. */
    private static InputTransform smoothing(SmoothQuantRecipe recipe, Extremes inputs, Tensor columns) {
        return InputTransform.dividing(SmoothingScales.smoothQuant(recipe.alpha())
                .factors(inputs.largest(), SmoothingScales.guardedWeights(columns)));
    }
}
