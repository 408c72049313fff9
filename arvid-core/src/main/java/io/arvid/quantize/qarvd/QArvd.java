package io.arvid.quantize.qarvd;

import io.arvid.calibrate.FrameWeights;
import io.arvid.model.LinearSite;
import io.arvid.quantize.FinishedLayers;
import io.arvid.quantize.InputCalibration;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Q-ARVD (arXiv 2605.21072): A sensitivity of chunks, B dual scale for outlier channels, C weighted reconstruction of every layer. */
public final class QArvd implements QuantMethod<QArvdRecipe> {
    /** What the official script measures sensitivities at, whatever they are used for. */
    private static final Scheme OFFICIAL = Scheme.staticPerTensor(4, 8);

    @Override
    public String id() {
        return "q-arvd";
    }

    @Override
    public QArvdRecipe defaults() {
        return new QArvdRecipe(
                Scheme.staticPerTensor(4, 8),
                0,
                Follow.PAPER,
                new TreeMap<>(),
                RangeRule.PERCENTILE,
                true,
                OutlierDetection.paper(),
                Weighting.SENSITIVITY,
                4,
                1,
                0,
                ReconstructionSettings.official());
    }

    @Override
    public Needs needs(QArvdRecipe recipe) {
        return new Needs.Rollouts(
                recipe.calibrationPrompts(),
                2 * recipe.calibrationPrompts(),
                recipe.weighting().isMeasured() ? sensitivityNeeds(recipe) : Needs.Measured.NONE,
                Needs.Measured.NONE);
    }

    /** A model that is measured at another number scheme has input ranges of its own. */
    private static Needs.Measured sensitivityNeeds(QArvdRecipe recipe) {
        Needs.Measured measured = ChunkSensitivity.ROLLOUTS.times(recipe.sensitivityPrompts());
        return isMeasuredAtTarget(recipe)
                ? measured
                : measured.plus(new Needs.Measured(recipe.calibrationPrompts(), 0));
    }

    private static boolean isMeasuredAtTarget(QArvdRecipe recipe) {
        return recipe.has(Difference.SENSITIVITY_AT_TARGET) || recipe.scheme().equals(OFFICIAL);
    }

    @Override
    public QuantPlan choose(QuantContext context, QArvdRecipe recipe) {
        boolean weightedRanges = recipe.has(Difference.FRAME_WEIGHT_IN_INPUT_RANGE);
        ScaledModel unweighted = weightedRanges ? null : rangedUnweighted("", context, recipe);
        FrameWeights weights =
                recipe.weighting().weights(context, () -> measureSensitivity(context, recipe, unweighted));
        ScaledModel ranged = unweighted != null ? unweighted : ranged("", " weighted", context, recipe, weights);
        SequencedMap<LinearSite, LayerPlan> layers =
                new WeightedReconstruction(recipe, weights).reconstruct(context, ranged);
        return QuantPlan.taking(id(), layers, recipe.scheme().kv());
    }

    /**
     * Step A on its own: measures at the recipe's number scheme, or at the official script's W4A8 where the recipe follows it. Roll-outs that the context's
     * log knows are not repeated.
     */
    public static Sensitivity measureSensitivity(QuantContext context, QArvdRecipe recipe) {
        return Torch.withoutGradients(() -> {
            try (TensorScope scope = TensorScope.open()) {
                return measureSensitivity(context, recipe, null);
            }
        });
    }

    /** Step A with what {@link #rangedUnweighted} made of the recipe, or null. */
    private static Sensitivity measureSensitivity(
            QuantContext context, QArvdRecipe recipe, @Nullable ScaledModel unweighted) {
        return ChunkSensitivity.measure(
                "", context, recipe.sensitivityPrompts(), () -> measuredPlan(context, recipe, unweighted));
    }

    /** The rounded model whose chunks are measured: the recipe's own, or the official script's W4A8. */
    private static QuantPlan measuredPlan(QuantContext context, QArvdRecipe recipe, @Nullable ScaledModel unweighted) {
        if (isMeasuredAtTarget(recipe)) {
            return nearest(unweighted != null ? unweighted : rangedUnweighted("", context, recipe), recipe);
        }
        QArvdRecipe other = recipe.withScheme(OFFICIAL);
        return nearest(rangedUnweighted(" of the sensitivity", context, other), other);
    }

    /** The model before reconstruction: dual scale, unweighted input ranges, every weight to its nearest code. The caller closes the plan. */
    public static QuantPlan roundToNearest(QuantContext context, QArvdRecipe recipe) {
        return nearest(rangedUnweighted("", context, recipe), recipe);
    }

    private static QuantPlan nearest(ScaledModel ranged, QArvdRecipe recipe) {
        return ranged.nearest("q-arvd before reconstruction", recipe.scheme().kv());
    }

    /** Dual scale, and input ranges in which every chunk counts the same. */
    private static ScaledModel rangedUnweighted(String part, QuantContext context, QArvdRecipe recipe) {
        return ranged(part, "", context, recipe, context.uniformWeights());
    }

    /** {@code weighting} tells ranges with weights from those without, which stand on the same recording. */
    private static ScaledModel ranged(
            String part, String weighting, QuantContext context, QArvdRecipe recipe, FrameWeights weights) {
        FrameWeights uniform = context.uniformWeights();
        InputCalibration calibration = recipe.inputCalibration();
        FinishedLayers finished = calibration.ranged(part + weighting, context);
        return calibration.calibrate(
                part,
                finished,
                context,
                DualScale.of(recipe).scale(context.model(), finished),
                (site, layer) -> countsInInputRange(recipe, layer) ? weights : uniform);
    }

    private static boolean countsInInputRange(QArvdRecipe recipe, ScaledLayer layer) {
        return recipe.has(Difference.FRAME_WEIGHT_IN_INPUT_RANGE)
                && (layer.outliers() == null || recipe.has(Difference.FRAME_WEIGHT_ON_DUAL_SCALE));
    }
}
