package io.arvid.quantize.smoothquant;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.InputGroup;
import io.arvid.calibrate.Recording;
import io.arvid.model.LinearSite;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.fit.InputTransform;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.fit.SmoothingScales;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** SmoothQuant: smoothing factors from calibration, then every weight to its nearest code. */
public final class SmoothQuant implements QuantMethod<SmoothQuantRecipe> {
    @Override
    public String id() {
        return "smoothquant";
    }

    @Override
    public SmoothQuantRecipe defaults() {
        return new SmoothQuantRecipe(
                Scheme.staticPerTensor(8, 8), 0, RangeRule.PERCENTILE, 0.5, SmoothQuantRecipe.BEHIND_NORMS, 1, 0);
    }

    @Override
    public Needs needs(SmoothQuantRecipe recipe) {
        return recipe.rollouts(1);
    }

    @Override
    public QuantPlan plan(QuantContext context, SmoothQuantRecipe recipe) {
        return Torch.withoutGradients(() -> {
            try (TensorScope scope = TensorScope.open()) {
                FrameWeights uniform = FrameWeights.uniform(context.rollouts().chunkCount());
                Map<LinearSite, InputTransform> smoothing = smoothing(context, recipe);
                ScaledModel scaled = ScaledModel.of(
                        context.model(),
                        recipe.scheme(),
                        recipe.range().weights(),
                        site -> smoothing.getOrDefault(site, InputTransform.NONE));
                return recipe.inputCalibration()
                        .calibrate(context, scaled, (site, layer) -> uniform)
                        .nearest(id(), recipe.scheme().kv());
            }
        });
    }

    /** The factors of every smoothed layer; layers that share an input share them (equation 4). */
    private static Map<LinearSite, InputTransform> smoothing(QuantContext context, SmoothQuantRecipe recipe) {
        List<LinearSite> smoothed = recipe.scheme().sites(context.model()).stream()
                .filter(site -> Scheme.names(recipe.smoothed(), site))
                .toList();
        Map<LinearSite, InputTransform> transforms = new HashMap<>();
        context.requirePrompts(recipe.calibrationPrompts());
        try (Recording recording = context.rollouts()
                .record(
                        "recording ranges, full precision",
                        recipe.calibrationPrompts(),
                        CalibrationRollouts.Wanted.extremes(smoothed::contains),
                        context.model().fullPrecision(),
                        context.progress())) {
            for (InputGroup group : InputGroup.of(smoothed)) {
                Tensor factors = SmoothingScales.smoothQuant(recipe.alpha())
                        .factors(
                                recording.extremes(group.first()).largest(),
                                SmoothingScales.guardedWeights(
                                        SmoothingScales.columnMagnitudes(List.of(group.weight(context.model())))));
                group.sites().forEach(site -> transforms.put(site, InputTransform.dividing(factors)));
            }
        }
        return transforms;
    }
}
