package io.arvid.quantize.viditq;

import io.arvid.calibrate.Extremes;
import io.arvid.model.LinearSite;
import io.arvid.quantize.BalancedInputs;
import io.arvid.quantize.Needs;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.QuantMethod;
import io.arvid.quantize.fit.InputTransform;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
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
        return recipe.rollouts(recipe.balanced().isEmpty() ? 0 : 1);
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
    public QuantPlan choose(QuantContext context, ViDitQRecipe recipe) {
        StepBuckets ranges = new StepBuckets.ByTimestep(recipe.timestepRanges());
        TimestepBalance balance = new TimestepBalance(recipe.alpha(), recipe.momentum(), ranges);
        Map<LinearSite, List<InputTransform>> balanced = BalancedInputs.find(
                context,
                recipe,
                "recording magnitudes, full precision",
                recipe.balanced(),
                (inputs, columns) -> transforms(balance, inputs, columns));
        LinkedHashMap<LinearSite, LayerPlan> first = nearest(0, context, recipe, balanced);
        List<QuantPlan.Phase> phases = new ArrayList<>();
        for (int range = 1; range < ranges.count(); range++) {
            LinkedHashMap<LinearSite, LayerPlan> other = nearest(range, context, recipe, balanced);
            other.keySet().retainAll(balanced.keySet());
            phases.add(new QuantPlan.Phase(ranges, range, other));
        }
        return new QuantPlan(id(), first, recipe.scheme().kv(), phases);
    }

    /** The transform of an input in each range. */
    private static List<InputTransform> transforms(TimestepBalance balance, Extremes inputs, Tensor columns) {
        return IntStream.range(0, balance.buckets().count())
                .mapToObj(range -> InputTransform.dividing(balance.factors(inputs, columns, range)))
                .toList();
    }

    /** The plans of one range, without the weights that its factors make. */
    private static LinkedHashMap<LinearSite, LayerPlan> nearest(
            int range, QuantContext context, ViDitQRecipe recipe, Map<LinearSite, List<InputTransform>> balanced) {
        try (TensorScope scope = TensorScope.open()) {
            ScaledModel scaled = ScaledModel.of(
                    context.model(),
                    recipe.scheme(),
                    recipe.range().weights(),
                    site -> balanced.containsKey(site) ? balanced.get(site).get(range) : InputTransform.NONE);
            ScaledModel ranged = recipe.inputCalibration().calibrate(" for range " + range, context, scaled);
            LinkedHashMap<LinearSite, LayerPlan> plans = new LinkedHashMap<>();
            ranged.layers().forEach((LinearSite site, ScaledLayer layer) -> {
                LayerPlan plan = layer.nearestAlone();
                plan.tensors().forEach(scope::keep);
                plans.put(site, plan);
            });
            return plans;
        }
    }
}
