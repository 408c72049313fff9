package io.arvid.quantize.qarvd;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.Samples;
import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.RecordedLayers;
import io.arvid.quantize.fit.GramLoss;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.gram.GramSolver;
import io.arvid.quantize.gram.QuantizedInputs;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;

/**
 * Step C in Gram space, for models of full size: equation 5 sees the tokens only through {@code H = Σ w·x̂ᵀx̂} and {@code B = Σ w·yᵀx̂}, so that a layer is
 * rounded by GPTQ and coordinate descent in minutes where the official loop takes hours.
 */
final class GramRounding {
    private static final double DAMPING = 0.01;
    private static final GramSolver SOLVER =
            new GramSolver(List.of(DAMPING), List.of(1.0), List.of(1.0), 1, 2, false, true, null);

    private final QArvdRecipe recipe;

    GramRounding(QArvdRecipe recipe) {
        this.recipe = recipe;
    }

    /** How much each chunk's error counts in a layer. */
    @FunctionalInterface
    interface Weights {
        FrameWeights of(LinearSite site, ScaledLayer layer);
    }

    /** Plans of all layers of {@code scaled}; the caller owns their tensors. */
    SequencedMap<LinearSite, LayerPlan> reconstruct(
            QuantContext context, ScaledModel scaled, Predicate<LinearSite> wanted, Weights weights) {
        return RecordedLayers.round(
                context,
                scaled,
                "recording inputs, full precision",
                recipe.calibrationPrompts(),
                new CalibrationRollouts.Wanted(wanted, recipe.tokensPerSample(), recipe.seed()),
                (site, layer, samples) -> round(context.model(), site, layer, samples, weights.of(site, layer)));
    }

    private LayerPlan round(
            CausalVideoModel model, LinearSite site, ScaledLayer layer, Samples samples, FrameWeights weights) {
        try (TensorScope scope = TensorScope.open()) {
            GramLoss loss = loss(model, site, layer, samples, weights);
            GramSolver.Solved solved = SOLVER.solve(layer, loss, loss);
            LayerPlan plan = solved.layer().withCodes(solved.codes());
            plan.tensors().forEach(scope::keep);
            return plan;
        }
    }

    /** The loss up to what does not depend on the codes. */
    private static GramLoss loss(
            CausalVideoModel model, LinearSite site, ScaledLayer layer, Samples samples, FrameWeights weights) {
        try (TensorScope scope = TensorScope.open()) {
            GramLoss loss = sums(model, site, layer, samples, weights);
            scope.keep(loss.hessian());
            scope.keep(loss.linear());
            return loss;
        }
    }

    private static GramLoss sums(
            CausalVideoModel model, LinearSite site, ScaledLayer layer, Samples samples, FrameWeights weights) {
        long count = samples.count();
        long tokens = samples.inputs().size(1);
        int in = site.inFeatures();
        float[] share = Tensors.toFloats(samples.sumWeights(weights));
        Tensor quantized = Tensors.empty(DTypes.F32, count * tokens, in);
        Tensor outputs = Tensors.empty(DTypes.F32, count * tokens, site.outFeatures());
        Tensor weight = Ops.toF32(model.weight(site));
        for (int i = 0; i < count; i++) {
            int sample = i;
            TensorScope.runAndFree(() -> {
                Tensor x = samples.inputs().select(0, sample);
                double root = Math.sqrt(share[sample]);
                long from = sample * tokens;
                Tensor rounded = QuantizedInputs.of(layer, samples.steps().get(sample), x);
                Ops.slice(quantized, 0, from, from + tokens).copy_(Ops.mul(rounded, root));
                Ops.slice(outputs, 0, from, from + tokens).copy_(Ops.mul(Ops.linear(x, weight, null), root));
            });
        }
        samples.inputs().close();
        Tensor hessian = Ops.toF64(quantized.t().mm(quantized));
        Tensor linear = Ops.toF64(outputs.t().mm(quantized));
        return new GramLoss(hessian, linear, 0, (double) count * site.outFeatures());
    }
}
