package io.arvid.quantize.qarvd;

import io.arvid.calibrate.FrameWeights;
import io.arvid.model.LinearSite;
import io.arvid.quantize.InputCalibration;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fake.FakeQuantForward;
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
                recipe.weighting().isMeasured());
    }

    @Override
    public QuantPlan plan(QuantContext context, QArvdRecipe recipe) {
        return Torch.withoutGradients(() -> {
            try (TensorScope scope = TensorScope.open()) {
                boolean weightedRanges = recipe.has(Difference.FRAME_WEIGHT_IN_INPUT_RANGE);
                ScaledModel unweighted = weightedRanges ? null : rangedUnweighted("", context, recipe);
                FrameWeights weights = recipe.weighting()
                        .weights(
                                context.rollouts().chunkCount(),
                                () -> context.sensitivity() != null
                                        ? context.sensitivity()
                                        : measureSensitivity(context, recipe, unweighted)
                                                .weights());
                ScaledModel ranged = unweighted != null ? unweighted : ranged("", context, recipe, weights);
                SequencedMap<LinearSite, LayerPlan> layers =
                        new WeightedReconstruction(recipe, weights).reconstruct(context, ranged);
                return QuantPlan.taking(id(), layers, recipe.scheme().kv());
            }
        });
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

    /** The same with what {@link #rangedUnweighted} made of the recipe, or null. */
    private static Sensitivity measureSensitivity(
            QuantContext context, QArvdRecipe recipe, @Nullable ScaledModel unweighted) {
        context.requirePrompts(recipe.sensitivityPrompts());
        return ChunkSensitivity.finished(
                        context.sensitivityLog(), context.rollouts().chunkCount(), recipe.sensitivityPrompts())
                .orElseGet(() -> {
                    QArvdRecipe measured = recipe.has(Difference.SENSITIVITY_AT_TARGET)
                            ? recipe
                            : recipe.withScheme(Scheme.staticPerTensor(4, 8));
                    boolean own = measured.scheme().equals(recipe.scheme());
                    ScaledModel ranged = own && unweighted != null
                            ? unweighted
                            : rangedUnweighted(own ? "" : " of the sensitivity", context, measured);
                    try (QuantPlan rounded = nearest(ranged, measured);
                            FakeQuantForward quantized = new FakeQuantForward(context.model(), rounded)) {
                        return new ChunkSensitivity(context.model(), context.rollouts(), quantized)
                                .measure(recipe.sensitivityPrompts(), context.sensitivityLog(), context.progress());
                    }
                });
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
        return ranged(
                part, context, recipe, FrameWeights.uniform(context.rollouts().chunkCount()));
    }

    private static ScaledModel ranged(String part, QuantContext context, QArvdRecipe recipe, FrameWeights weights) {
        FrameWeights uniform = FrameWeights.uniform(context.rollouts().chunkCount());
        return new InputCalibration(
                        recipe.scheme().inputs(),
                        recipe.range().inputs(),
                        recipe.calibrationPrompts(),
                        recipe.tokensPerSample(),
                        recipe.seed())
                .calibrate(
                        part,
                        context,
                        DualScale.of(recipe).scale(context.model()),
                        (site, layer) -> countsInInputRange(recipe, layer) ? weights : uniform);
    }

    private static boolean countsInInputRange(QArvdRecipe recipe, ScaledLayer layer) {
        return recipe.has(Difference.FRAME_WEIGHT_IN_INPUT_RANGE)
                && (layer.outliers() == null || recipe.has(Difference.FRAME_WEIGHT_ON_DUAL_SCALE));
    }
}
