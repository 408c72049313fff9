package io.arvid.quantize.ptq4dit;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.InputGroup;
import io.arvid.calibrate.Recording;
import io.arvid.model.LinearSite;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.adaround.ModelReconstruction;
import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fit.InputTransform;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.SalienceBalance;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.fit.SmoothingScales;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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
        return recipe.rollouts(recipe.reconstruct() ? 2 : 1);
    }

    @Override
    public QuantPlan plan(QuantContext context, Ptq4DitRecipe recipe) {
        return Torch.withoutGradients(() -> {
            try (TensorScope scope = TensorScope.open()) {
                FrameWeights uniform = FrameWeights.uniform(context.rollouts().chunkCount());
                Map<LinearSite, InputTransform> balance = balance(context, recipe);
                ScaledModel scaled = ScaledModel.of(
                        context.model(),
                        recipe.scheme(),
                        recipe.range().weights(),
                        site -> balance.getOrDefault(site, InputTransform.NONE));
                ScaledModel ranged = recipe.inputCalibration().calibrate(context, scaled, (site, layer) -> uniform);
                return recipe.reconstruct()
                        ? reconstruct(context, recipe, ranged, uniform)
                        : ranged.nearest(id(), recipe.scheme().kv());
            }
        });
    }

    /** Factors of every balanced layer; each pass of a roll-out counts as one sample of the salience. */
    private static Map<LinearSite, InputTransform> balance(QuantContext context, Ptq4DitRecipe recipe) {
        List<LinearSite> balanced = recipe.scheme().sites(context.model()).stream()
                .filter(site -> Scheme.names(recipe.balanced(), site))
                .toList();
        Map<LinearSite, InputTransform> transforms = new HashMap<>();
        context.requirePrompts(recipe.calibrationPrompts());
        try (Recording recording = context.rollouts()
                .record(
                        "recording salience, full precision",
                        recipe.calibrationPrompts(),
                        CalibrationRollouts.Wanted.extremes(balanced::contains),
                        context.model().fullPrecision(),
                        context.progress())) {
            for (InputGroup group : InputGroup.of(balanced)) {
                SalienceBalance balance = new SalienceBalance(
                        recording.extremes(group.first()).magnitudes(),
                        SmoothingScales.columnMagnitudes(List.of(group.weight(context.model()))));
                InputTransform transform = InputTransform.dividing(balance.factors());
                group.sites().forEach(site -> transforms.put(site, transform));
            }
        }
        return transforms;
    }

    private QuantPlan reconstruct(
            QuantContext context, Ptq4DitRecipe recipe, ScaledModel ranged, FrameWeights uniform) {
        ModelReconstruction reconstruction = new ModelReconstruction(
                recipe.reconstruction(),
                ReconstructionSettings.Extras.NONE,
                recipe.calibrationPrompts(),
                recipe.tokensPerSample(),
                recipe.seed());
        return QuantPlan.taking(
                id(),
                reconstruction.reconstruct(
                        context, ranged, site -> !site.role().isTextPath(), (site, layer) -> uniform),
                recipe.scheme().kv());
    }
}
