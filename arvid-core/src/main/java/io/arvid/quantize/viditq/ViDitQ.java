package io.arvid.quantize.viditq;

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
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.fit.SmoothingScales;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** ViDiT-Q: one plan a range of timesteps, each with factors of its own. */
public final class ViDitQ implements QuantMethod<ViDitQRecipe> {
    @Override
    public String id() {
        return "vidit-q";
    }

    @Override
    public ViDitQRecipe defaults() {
        return new ViDitQRecipe(
                Scheme.dynamicPerToken(4, IntGrid.asymmetric(8)),
                0,
                RangeRule.MIN_MAX,
                0.11,
                0.95,
                2,
                ViDitQRecipe.BLOCKS,
                1,
                0);
    }

    @Override
    public Needs needs(ViDitQRecipe recipe) {
        return recipe.rollouts(1);
    }

    @Override
    public Optional<String> refusal(ViDitQRecipe recipe) {
        return recipe.timestepRanges() == 1
                ? Optional.empty()
                : Optional.of("with " + recipe.timestepRanges()
                        + " timestepRanges has other integers in each of them, for which a packed model has no place:"
                        + " set \"timestepRanges\": 1, or evaluate it with 'arvid compare'");
    }

    @Override
    public QuantPlan plan(QuantContext context, ViDitQRecipe recipe) {
        StepBuckets ranges = new StepBuckets.ByTimestep(recipe.timestepRanges());
        return Torch.withoutGradients(() -> {
            try (TensorScope scope = TensorScope.open()) {
                List<Map<LinearSite, InputTransform>> balance = balance(context, recipe, ranges);
                LinkedHashMap<LinearSite, LayerPlan> first = nearest(0, context, recipe, balance.getFirst());
                List<QuantPlan.Phase> phases = new ArrayList<>();
                for (int range = 1; range < ranges.count(); range++) {
                    LinkedHashMap<LinearSite, LayerPlan> other = nearest(range, context, recipe, balance.get(range));
                    other.keySet().retainAll(balance.get(range).keySet());
                    phases.add(new QuantPlan.Phase(ranges, range, other));
                }
                return new QuantPlan(id(), first, recipe.scheme().kv(), phases);
            }
        });
    }

    /** The transform of each balanced layer in each range. */
    private static List<Map<LinearSite, InputTransform>> balance(
            QuantContext context, ViDitQRecipe recipe, StepBuckets ranges) {
        List<LinearSite> balanced = recipe.scheme().sites(context.model()).stream()
                .filter(site -> Scheme.names(recipe.balanced(), site))
                .toList();
        TimestepBalance balance = new TimestepBalance(recipe.alpha(), recipe.momentum(), ranges);
        List<Map<LinearSite, InputTransform>> transforms = new ArrayList<>();
        context.requirePrompts(recipe.calibrationPrompts());
        try (Recording recording = context.rollouts()
                .record(
                        "recording magnitudes, full precision",
                        recipe.calibrationPrompts(),
                        CalibrationRollouts.Wanted.extremes(balanced::contains),
                        context.model().fullPrecision(),
                        context.progress())) {
            for (int range = 0; range < ranges.count(); range++) {
                Map<LinearSite, InputTransform> inRange = new HashMap<>();
                for (InputGroup group : InputGroup.of(balanced)) {
                    Tensor columns = SmoothingScales.columnMagnitudes(List.of(group.weight(context.model())));
                    InputTransform transform =
                            InputTransform.dividing(balance.factors(recording.extremes(group.first()), columns, range));
                    group.sites().forEach(site -> inRange.put(site, transform));
                }
                transforms.add(inRange);
            }
        }
        return transforms;
    }

    private static LinkedHashMap<LinearSite, LayerPlan> nearest(
            int range, QuantContext context, ViDitQRecipe recipe, Map<LinearSite, InputTransform> balance) {
        FrameWeights uniform = FrameWeights.uniform(context.rollouts().chunkCount());
        ScaledModel scaled = ScaledModel.of(
                context.model(),
                recipe.scheme(),
                recipe.range().weights(),
                site -> balance.getOrDefault(site, InputTransform.NONE));
        ScaledModel ranged =
                recipe.inputCalibration().calibrate(" for range " + range, context, scaled, (site, layer) -> uniform);
        LinkedHashMap<LinearSite, LayerPlan> plans = new LinkedHashMap<>();
        ranged.layers().forEach((LinearSite site, ScaledLayer layer) -> plans.put(site, layer.nearest()));
        return plans;
    }
}
