package io.arvid.quantize.svdquant;

import io.arvid.calibrate.InputGroup;
import io.arvid.calibrate.Samples;
import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.quantize.FinishedLayers;
import io.arvid.quantize.fake.FakeInput;
import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.fit.InputTransform;
import io.arvid.quantize.fit.LowRankBranch;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.SmoothingScales;
import io.arvid.quantize.fit.SmoothingSearch;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Layers with one input: they share smoothing factors and the inner factor of the low-rank branch, so their weights are decomposed as one.
 *
 * @param recipe settings
 * @param group the layers
 * @param shift what makes the input non-negative, or nothing
 * @param inputs recorded tokens of their input after the shift, float32 {@code [samples, tokens, in]}
 * @param weight their weights {@code [rows of all, in]}
 */
record BranchedGroup(SvdQuantRecipe recipe, InputGroup group, InputTransform shift, Tensor inputs, Tensor weight) {
    private static final RolloutStep ANY_STEP = RolloutStep.wholeClip(1, 0);

    static BranchedGroup of(SvdQuantRecipe recipe, InputGroup group, CausalVideoModel model, Samples samples) {
        Tensor weight = group.weight(model);
        InputTransform shift = recipe.shift(group.first(), weight);
        return new BranchedGroup(recipe, group, shift, shift.input(samples.inputs()), weight);
    }

    /** The layers with their branches: what is left to round is the residual. */
    Map<LinearSite, ScaledLayer> layers() {
        Tensor factors = recipe.smoothing() ? searchFactors() : null;
        InputTransform smoothing = factors == null ? InputTransform.NONE : InputTransform.dividing(factors);
        LowRankBranch.Iteration branch = branch(recipe.branch(), smoothing);
        return layers(
                recipe.scheme().weights(),
                group,
                weight,
                shift.then(smoothing),
                branch.up(),
                branch.down(),
                branch.pairs());
    }

    /** The same from plans of its layers that an earlier run kept. */
    static Map<LinearSite, ScaledLayer> finished(
            SvdQuantRecipe recipe, InputGroup group, CausalVideoModel model, FinishedLayers finished) {
        List<LayerPlan> plans = group.sites().stream()
                .map(site -> finished.find(site).orElseThrow())
                .toList();
        List<Correction.LowRank> branches = plans.stream()
                .map(plan -> plan.correction(Correction.LowRank.class).orElseThrow())
                .toList();
        InputTransform before = new InputTransform(plans.getFirst().corrections().stream()
                .filter(correction -> !(correction instanceof Correction.LowRank))
                .toList());
        return layers(
                recipe.scheme().weights(),
                group,
                group.weight(model),
                before,
                Ops.cat(0, branches.stream().map(Correction.LowRank::up).toList()),
                branches.getFirst().down(),
                new AffinePairs(
                        Ops.cat(0, plans.stream().map(LayerPlan::scales).toList()),
                        Ops.cat(0, plans.stream().map(LayerPlan::zeros).toList())));
    }

    private static Map<LinearSite, ScaledLayer> layers(
            WeightRule rule,
            InputGroup group,
            Tensor weight,
            InputTransform before,
            Tensor up,
            Tensor down,
            AffinePairs pairs) {
        List<Tensor> residuals = group.split(before.weight(weight).sub(up.matmul(down)));
        List<Tensor> ups = group.split(up);
        List<Tensor> scales = group.split(pairs.scales());
        List<Tensor> zeros = group.split(pairs.zeros());
        Map<LinearSite, ScaledLayer> layers = new LinkedHashMap<>();
        for (int i = 0; i < group.sites().size(); i++) {
            InputTransform transform =
                    before.then(new InputTransform(List.of(new Correction.LowRank(down, ups.get(i), false))));
            layers.put(
                    group.sites().get(i),
                    new ScaledLayer(
                            residuals.get(i),
                            rule,
                            new AffinePairs(scales.get(i), zeros.get(i)),
                            new InputPlan.Full(),
                            null,
                            transform));
        }
        return layers;
    }

    /** Step 1: the factors with the least output error, one low-rank step allowed. */
    private Tensor searchFactors() {
        Tensor inputMagnitudes = SmoothingScales.channelMagnitudes(inputs);
        Tensor weightMagnitudes = SmoothingScales.columnMagnitudes(List.of(weight));
        LowRankBranch once = new LowRankBranch(recipe.branch().rank(), 1, true);
        List<SmoothingSearch.Candidate> candidates = new SmoothingSearch(recipe.smoothingSteps())
                .candidates(
                        inputMagnitudes,
                        weightMagnitudes,
                        factors ->
                                branch(once, InputTransform.dividing(factors)).error());
        return SmoothingSearch.best(candidates).scales().factors(inputMagnitudes, weightMagnitudes);
    }

    /** Step 2: the branch and the residual's codes that go best together. */
    private LowRankBranch.Iteration branch(LowRankBranch settings, InputTransform smoothing) {
        Tensor x = smoothing.input(inputs);
        Tensor lost = quantized(x).sub(x);
        // A token costs 3·in² in Gram matrices, once, and 2·in·out where it is looked at, in every iteration.
        boolean summed = 3 * weight.size(1) < 2 * weight.size(0) * settings.iterations();
        LowRankBranch.OutputError error = summed ? overGrams(x, lost) : overTokens(x, lost);
        return settings.fit(
                        smoothing.weight(weight),
                        recipe.scheme().weights(),
                        recipe.range().weights(),
                        error)
                .best();
    }

    /** {@code ‖x̂ Ŵᵀ − x Rᵀ‖² = ‖d Ŵᵀ + x (Ŵ − R)ᵀ‖²} for {@code d = x̂ − x}. */
    private static LowRankBranch.OutputError overTokens(Tensor x, Tensor lost) {
        return (residual, values) -> {
            Tensor error = Ops.linear(lost, values, null).add_(Ops.linear(x, values.sub(residual), null));
            return Tensors.item(error.mul_(error).sum());
        };
    }

    /** The same by {@code dᵀd}, {@code dᵀx} and {@code xᵀx}; all three terms are small, so that nothing cancels. */
    private static LowRankBranch.OutputError overGrams(Tensor x, Tensor lost) {
        Tensor tokens = x.reshape(-1, x.size(-1));
        Tensor differences = lost.reshape(-1, x.size(-1));
        Tensor ofDifferences = differences.t().matmul(differences);
        Tensor mixed = differences.t().matmul(tokens);
        Tensor ofInputs = tokens.t().matmul(tokens);
        return (residual, values) -> {
            Tensor change = values.sub(residual);
            Tensor terms = values.matmul(ofDifferences).mul_(values);
            terms.add_(Ops.mul(values.matmul(mixed), 2).mul_(change));
            terms.add_(change.matmul(ofInputs).mul_(change));
            return Tensors.item(terms.sum());
        };
    }

    /** x as the scheme will quantize it; a static range is found on x itself. */
    private Tensor quantized(Tensor x) {
        InputPlan plan = switch (recipe.scheme().inputs()) {
            case InputRule.Full() -> new InputPlan.Full();
            case InputRule.Dynamic rule -> recipe.dynamicInput(group.first(), rule);
            case InputRule.Static(IntGrid grid) -> range(x, grid);
            case InputRule.Stepwise(IntGrid grid, StepBuckets buckets) -> range(x, grid);
        };
        return FakeInput.apply(plan, ANY_STEP, x);
    }

    private InputPlan range(Tensor x, IntGrid grid) {
        return recipe.range().inputs().fit(x, Tensors.ones(DTypes.F32, x.size(0)), grid);
    }
}
