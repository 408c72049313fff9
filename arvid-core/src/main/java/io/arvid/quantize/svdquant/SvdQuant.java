package io.arvid.quantize.svdquant;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.InputGroup;
import io.arvid.calibrate.Recording;
import io.arvid.model.LinearSite;
import io.arvid.quantize.FinishedLayers;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.fit.LowRankBranch;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.gptq.GptqRounding;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.record.Progress;
import io.arvid.tensor.TensorScope;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** SVDQuant: smoothing and low-rank branches, then the residuals rounded. */
public final class SvdQuant implements QuantMethod<SvdQuantRecipe> {
    @Override
    public String id() {
        return "svdquant";
    }

    @Override
    public SvdQuantRecipe defaults() {
        return new SvdQuantRecipe(
                Scheme.staticPerTensor(4, 8),
                0,
                RangeRule.PERCENTILE,
                true,
                20,
                new LowRankBranch(32, 100, true),
                null,
                false,
                false,
                1,
                0);
    }

    @Override
    public Needs needs(SvdQuantRecipe recipe) {
        return recipe.rollouts(recipe.gptq() == null ? 1 : 2);
    }

    @Override
    public QuantPlan choose(QuantContext context, SvdQuantRecipe recipe) {
        Map<LinearSite, ScaledLayer> branched = branched(context, recipe);
        ScaledModel scaled = ScaledModel.of(
                        context.model(), recipe.scheme(), recipe.range().weights())
                .map((site, layer) -> branched.getOrDefault(site, layer));
        ScaledModel ranged = recipe.inputCalibration().calibrate(context, scaled);
        if (recipe.scheme().inputs() instanceof InputRule.Dynamic rule) {
            ranged = ranged.map(
                    (site, layer) -> layer.withInputs(recipe.dynamicInput(site, rule), new InputPlan.Full()));
        }
        return GptqRounding.orNearest(context, id(), ranged, recipe.gptq(), recipe);
    }

    /** Layers with a branch, one group of a common input after the other; those that an interrupted run finished are as it left them. */
    private static Map<LinearSite, ScaledLayer> branched(QuantContext context, SvdQuantRecipe recipe) {
        List<LinearSite> sites = recipe.scheme().sites(context.model()).stream()
                .filter(site -> recipe.textPath() || !site.role().isTextPath())
                .toList();
        List<InputGroup> groups = InputGroup.of(sites);
        FinishedLayers finished = context.finished().stage("branches");
        Map<LinearSite, ScaledLayer> layers = new HashMap<>();
        context.requirePrompts(recipe.calibrationPrompts());
        try (Recording tape = context.rollouts()
                .record(
                        "recording inputs, full precision",
                        recipe.calibrationPrompts(),
                        new CalibrationRollouts.Wanted(sites::contains, recipe.tokensPerSample(), recipe.seed()),
                        context.model().fullPrecision(),
                        context.progress())) {
            try (Progress.Stage stage = context.progress().begin("low-rank branches", groups.size())) {
                for (InputGroup group : groups) {
                    try (TensorScope each = TensorScope.open()) {
                        branched(context, recipe, group, tape, finished).forEach((site, layer) -> {
                            layer.tensors().forEach(each::keep);
                            layers.put(site, layer);
                        });
                    }
                    stage.step();
                }
            }
        }
        return layers;
    }

    private static Map<LinearSite, ScaledLayer> branched(
            QuantContext context, SvdQuantRecipe recipe, InputGroup group, Recording tape, FinishedLayers finished) {
        if (group.sites().stream().allMatch(finished::has)) {
            return BranchedGroup.finished(recipe, group, context.model(), finished);
        }
        Map<LinearSite, ScaledLayer> layers = BranchedGroup.of(
                        recipe, group, context.model(), tape.samples(group.first()))
                .layers();
        layers.forEach((site, layer) -> finished.put(site, layer.nearest()));
        return layers;
    }
}
