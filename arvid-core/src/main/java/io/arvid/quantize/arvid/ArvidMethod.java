package io.arvid.quantize.arvid;

import io.arvid.calibrate.FrameWeights;
import io.arvid.model.LinearSite;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.fit.LayerRotation;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.gram.GramSolver;
import io.arvid.quantize.qarvd.ChunkSensitivity;
import io.arvid.quantize.qarvd.DualScale;
import io.arvid.quantize.qarvd.OutlierDetection;
import io.arvid.quantize.qarvd.Sensitivity;
import io.arvid.quantize.qarvd.Weighting;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import java.util.List;
import java.util.SequencedMap;

/**
 * arvid's own recipe: Q-ARVD's weights and dual scale; roundings solved in Gram space, on what the quantized model really sees; and sensitivities that
 * say where bits are spent.
 */
public final class ArvidMethod implements QuantMethod<ArvidRecipe> {
    @Override
    public String id() {
        return "arvid";
    }

    @Override
    public ArvidRecipe defaults() {
        return new ArvidRecipe(
                Scheme.staticPerTensor(4, 8),
                0,
                RangeRule.PERCENTILE,
                true,
                OutlierDetection.paper(),
                null,
                Weighting.SENSITIVITY,
                2,
                ArvidRecipe.Seen.QUANTIZED_LOCAL,
                2,
                8,
                8,
                4,
                0,
                List.of(1.0),
                GramSolver.standard(),
                null,
                null,
                null);
    }

    @Override
    public Needs needs(ArvidRecipe recipe) {
        int ranges = recipe.scheme().inputs().needsCalibration() ? recipe.rangePrompts() : 0;
        int widths =
                recipe.chunkBits() == null ? 0 : recipe.chunkBits().widths().size();
        Needs.Measured sensitivity = ChunkSensitivity.ROLLOUTS.times(recipe.sensitivityPrompts());
        Needs.Measured cache = recipe.kvBits() == null
                ? Needs.Measured.NONE
                : CacheSensitivity.rollouts(recipe.kvBits().widths()).times(recipe.sensitivityPrompts());
        return new Needs.Rollouts(
                prompts(recipe),
                Math.max(1, widths) * ranges + recipe.calibrationPrompts(),
                recipe.weighting().isMeasured() ? sensitivity : Needs.Measured.NONE,
                sensitivity.times(widths).plus(cache));
    }

    private static int prompts(ArvidRecipe recipe) {
        return recipe.keep() == null
                ? recipe.textPrompts()
                : Math.max(recipe.textPrompts(), recipe.keep().prompts());
    }

    @Override
    public QuantPlan choose(QuantContext context, ArvidRecipe recipe) {
        context.requirePrompts(prompts(recipe));
        ScaledModel scaled = scaled(context, recipe);
        ScaledModel ranged = ranged(context, scaled, recipe);
        FrameWeights weights = recipe.weighting().weights(context, () -> measureSensitivity(context, ranged, recipe));
        ScaledModel quantized = recipe.keep() == null ? ranged : recipe.keep().without(context, ranged);
        KvPlan kv =
                recipe.kvBits() == null ? recipe.scheme().kv() : recipe.kvBits().choose(context, recipe);
        SequencedMap<LinearSite, LayerPlan> layers =
                new SequentialReconstruction(context, recipe, weights, kv).reconstruct(quantized);
        return QuantPlan.taking(id(), layers, kv);
    }

    /** With weight scales: of rotated layers, or with outlier channels apart. */
    private static ScaledModel scaled(QuantContext context, ArvidRecipe recipe) {
        LayerRotation rotation = recipe.rotation();
        return rotation == null
                ? dualScale(recipe)
                        .scale(context.model(), recipe.inputCalibration().ranged("", context))
                : ScaledModel.of(
                        context.model(),
                        recipe.scheme(),
                        recipe.range().weights(),
                        site -> rotation.of(site.inFeatures()));
    }

    private static DualScale dualScale(ArvidRecipe recipe) {
        boolean staticInputs = recipe.scheme().inputs().needsCalibration();
        return new DualScale(
                recipe.scheme(),
                recipe.range().weights(),
                recipe.outliers(),
                true,
                !staticInputs,
                site -> recipe.dualScale() && site.role().isInBlock());
    }

    private static ScaledModel ranged(QuantContext context, ScaledModel scaled, ArvidRecipe recipe) {
        return recipe.chunkBits() == null
                ? recipe.inputCalibration().calibrate(context, scaled)
                : recipe.chunkBits().choose(context, scaled, recipe);
    }

    /** Q-ARVD's step A for the rounded model. */
    private static Sensitivity measureSensitivity(QuantContext context, ScaledModel ranged, ArvidRecipe recipe) {
        return ChunkSensitivity.measure(
                "",
                context,
                recipe.sensitivityPrompts(),
                () -> ranged.nearest(
                        "arvid before reconstruction", recipe.scheme().kv()));
    }

    /** The plan with {@code factor} on its static scales: both ends of a range move towards zero, zero points stay. Other plans stay as they are. */
    static InputPlan scaled(InputPlan plan, double factor) {
        return switch (plan) {
            case InputPlan.Static fixed ->
                factor == 1
                        ? fixed
                        : new InputPlan.Static(fixed.grid(), (float) (fixed.scale() * factor), fixed.zero());
            case InputPlan.Stepwise(var buckets, var plans) ->
                new InputPlan.Stepwise(
                        buckets,
                        plans.stream().map(each -> scaled(each, factor)).toList());
            case InputPlan.Full full -> full;
            case InputPlan.Dynamic dynamic -> dynamic;
            case InputPlan.Companded companded -> companded;
        };
    }
}
