package io.arvid.quantize.rotation;

import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.fit.LayerRotation;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.gptq.GptqRounding;
import io.arvid.quantize.scheme.Correction.Rotation;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;

/**
 * Every layer rotated, then rounded. A rotation cannot be folded into the layer before it, since the modulation of Wan's blocks differs from frame to
 * frame, so inputs are rotated as they come.
 */
public final class RotationMethod implements QuantMethod<RotationRecipe> {
    @Override
    public String id() {
        return "rotation";
    }

    @Override
    public RotationRecipe defaults() {
        return new RotationRecipe(
                Scheme.dynamicPerToken(8, IntGrid.symmetric(8)),
                0,
                RangeRule.MIN_MAX,
                Rotation.Kind.CONV_ROT,
                256,
                null,
                1,
                0);
    }

    @Override
    public Needs needs(RotationRecipe recipe) {
        return recipe.rollouts(recipe.gptq() == null ? 0 : 1);
    }

    @Override
    public QuantPlan choose(QuantContext context, RotationRecipe recipe) {
        LayerRotation rotation = recipe.rotation();
        ScaledModel scaled = ScaledModel.of(
                context.model(), recipe.scheme(), recipe.range().weights(), site -> rotation.of(site.inFeatures()));
        ScaledModel ranged = recipe.inputCalibration().calibrate(context, scaled);
        return GptqRounding.orNearest(context, id(), ranged, recipe.gptq(), recipe);
    }
}
