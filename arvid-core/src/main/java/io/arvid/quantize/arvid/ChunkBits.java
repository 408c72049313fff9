package io.arvid.quantize.arvid;

import io.arvid.quantize.QuantContext;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.fit.ScaledModel;
import io.arvid.quantize.qarvd.ChunkSensitivity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.StepBuckets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Bits of the inputs chunk by chunk: the error of each chunk at each width is measured on the rounded model, and the widths with the least sum within
 * the budget are taken. The weights' codes are the same in every chunk. {@link KvBits} does the same for the cache.
 *
 * @param widths bits to choose from
 * @param average largest mean over the chunks
 */
public record ChunkBits(List<Integer> widths, double average) {
    /** Checks that the budget can be kept. */
    public ChunkBits {
        widths = widths.stream().sorted().toList();
        if (widths.isEmpty() || widths.getFirst() > average) {
            throw new IllegalArgumentException("chunkBits: widths " + widths + " cannot average " + average + " bits");
        }
    }

    /** {@code scaled} with an input plan a chunk, or as many as the recipe has for each of its steps. */
    ScaledModel choose(QuantContext context, ScaledModel scaled, ArvidRecipe recipe) {
        int chunks = context.rollouts().chunkCount();
        List<ScaledModel> byWidth = new ArrayList<>();
        double[][] errors = new double[chunks][widths.size()];
        for (int width = 0; width < widths.size(); width++) {
            InputRule rule = recipe.scheme().inputs().withBits(widths.get(width));
            ScaledModel model = recipe.inputCalibration().withRule(rule).calibrate(context, scaled);
            byWidth.add(model);
            double[] measured = errors("bits-" + widths.get(width) + "-", context, model, recipe);
            for (int chunk = 0; chunk < chunks; chunk++) {
                errors[chunk][width] = measured[chunk];
            }
        }
        int[] chosen = BitAllocation.allocate(
                errors, widths.stream().mapToInt(Integer::intValue).toArray(), average);
        return byWidth.getFirst().map((site, layer) -> {
            List<ScaledLayer> alternatives = byWidth.stream()
                    .map(model -> Objects.requireNonNull(model.layers().get(site)))
                    .toList();
            List<InputPlan> main = new ArrayList<>();
            List<InputPlan> second = new ArrayList<>();
            for (int width : chosen) {
                ScaledLayer at = alternatives.get(width);
                main.add(at.input());
                second.add(at.outliers() == null ? at.input() : at.outliers().input());
            }
            return layer.withInputs(byChunk(main), byChunk(second));
        });
    }

    /** A plan that follows {@code plans}, one a chunk: all static, or all with the same buckets. */
    private static InputPlan byChunk(List<InputPlan> plans) {
        if (!(plans.getFirst() instanceof InputPlan.Stepwise first)) {
            return new InputPlan.Stepwise(new StepBuckets.ByChunk(plans.size()), plans);
        }
        List<InputPlan> all = plans.stream()
                .flatMap(plan -> ((InputPlan.Stepwise) plan).plans().stream())
                .toList();
        return new InputPlan.Stepwise(new StepBuckets.ByChunkAnd(plans.size(), first.buckets()), all);
    }

    private static double[] errors(String part, QuantContext context, ScaledModel model, ArvidRecipe recipe) {
        return ChunkSensitivity.measure(
                        part,
                        context,
                        recipe.sensitivityPrompts(),
                        () -> model.nearest(
                                "arvid at one width", recipe.scheme().kv()))
                .errors();
    }
}
