package io.arvid.quantize.rotation;

import io.arvid.model.LinearSite;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.fit.BlockRotation;
import io.arvid.quantize.fit.InputTransform;
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
        ScaledModel scaled = ScaledModel.of(
                context.model(), recipe.scheme(), recipe.range().weights(), site -> rotation(site, recipe));
        ScaledModel ranged = recipe.inputCalibration().calibrate(context, scaled);
        return GptqRounding.orNearest(context, id(), ranged, recipe.gptq(), recipe);
    }

    private static InputTransform rotation(LinearSite site, RotationRecipe recipe) {
        Rotation rotation = BlockRotation.largest(recipe.family(), site.inFeatures(), recipe.largestBlock())
                .rotation();
        return rotation.blockSize() == 1 ? InputTransform.NONE : InputTransform.rotating(rotation);
    }
}
