package io.arvid.quantize.ptq4dit;

import io.arvid.calibrate.Extremes;
import io.arvid.model.LinearSite;
import io.arvid.quantize.BalancedInputs;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.adaround.ModelReconstruction;
import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fit.InputTransform;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.SalienceBalance;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** PTQ4DiT: balance, find ranges, reconstruct. */
public final class Ptq4Dit implements QuantMethod<Ptq4DitRecipe> {
    @Override
    public String id() {
        return "ptq4dit";
    }

    @Override
    public Ptq4DitRecipe defaults() {
        return new Ptq4DitRecipe(
                Scheme.staticPerTensor(4, 8),
                0,
                RangeRule.PERCENTILE,
                Ptq4DitRecipe.PUBLISHED,
                1,
                0,
                true,
                ReconstructionSettings.official());
    }

    @Override
    public Needs needs(Ptq4DitRecipe recipe) {
        return recipe.rollouts((recipe.balanced().isEmpty() ? 0 : 1) + (recipe.reconstruct() ? 1 : 0));
    }

    @Override
    public QuantPlan choose(QuantContext context, Ptq4DitRecipe recipe) {
        Map<LinearSite, InputTransform> balance = BalancedInputs.find(
                context, recipe, "recording salience, full precision", recipe.balanced(), Ptq4Dit::balance);
        ScaledModel scaled =
                ScaledModel.of(context.model(), recipe.scheme(), recipe.range().weights(), balance);
        ScaledModel ranged = recipe.inputCalibration().calibrate(context, scaled);
        return recipe.reconstruct()
                ? reconstruct(context, recipe, ranged)
                : ranged.nearest(id(), recipe.scheme().kv());
    }

    /** Sections 3.2 and 3.3; each pass of a roll-out counts as one sample of the salience. */
    private static InputTransform balance(Extremes inputs, Tensor columns) {
        return InputTransform.dividing(new SalienceBalance(inputs.magnitudes(), columns).factors());
    }

    private QuantPlan reconstruct(QuantContext context, Ptq4DitRecipe recipe, ScaledModel ranged) {
        return QuantPlan.taking(
                id(),
                ModelReconstruction.of(recipe.reconstruction(), recipe)
                        .reconstruct(context, ranged, site -> !site.role().isTextPath()),
                recipe.scheme().kv());
    }
}
