package io.arvid.kernel;

import io.arvid.pack.PackedLayer;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import java.util.ArrayList;
import java.util.List;

/**
 * What a layer asks of a kernel.
 *
 * @param weights grid of the weight codes
 * @param at per channel or grouped
 * @param inputs plans of the inputs, those of all buckets and of the outlier columns
 * @param hasOutliers true where outlier columns have a scale of their own
 * @param branchOnQuantizedInput true where a low-rank branch is fed by the rounded input
 */
public record KernelSpec(
        IntGrid weights, Granularity at, List<InputPlan> inputs, boolean hasOutliers, boolean branchOnQuantizedInput) {
    /** What {@code layer} asks. */
    public static KernelSpec of(PackedLayer layer) {
        List<InputPlan> inputs = new ArrayList<>(plain(layer.input()));
        layer.correction(Correction.DualScale.class).ifPresent(dual -> inputs.addAll(plain(dual.input())));
        return new KernelSpec(
                layer.grid(),
                layer.at(),
                List.copyOf(inputs),
                layer.outlierCount() > 0,
                layer.correction(Correction.LowRank.class)
                        .map(Correction.LowRank::onQuantizedInput)
                        .orElse(false));
    }

    private static List<InputPlan> plain(InputPlan plan) {
        return plan instanceof InputPlan.Stepwise stepwise ? stepwise.plans() : List.of(plan);
    }
}
