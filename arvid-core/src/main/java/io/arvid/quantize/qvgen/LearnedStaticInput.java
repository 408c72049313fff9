package io.arvid.quantize.qvgen;

import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/**
 * LSQ+ for inputs: one learned scale and zero point for all tokens of a bucket of timesteps, which is what Q-DM and EfficientDM (TALSQ) learn. The zero
 * point is rounded straight-through, so that a plan can hold it.
 *
 * @param grid codes
 * @param rounding how gradients pass the rounding
 */
public record LearnedStaticInput(IntGrid grid, StraightThrough rounding) {
    private static final double SMALLEST_STEP = 1e-8;

    /** x {@code [..., in]} after quantization; scale and zero broadcast against {@code [..., 1]}. Differentiable in all arguments. */
    public Tensor fake(Tensor x, Tensor scale, Tensor zero) {
        Tensor step = Ops.clampMin(scale, SMALLEST_STEP);
        Tensor rounded = rounding.round(x.div(step));
        if (grid.symmetric()) {
            return Ops.clamp(rounded, grid.lowest(), grid.highest()).mul(step);
        }
        Tensor shift = rounding.round(zero);
        return Ops.clamp(rounded.add(shift), grid.lowest(), grid.highest())
                .sub(shift)
                .mul(step);
    }

    /** LSQ's factor on the gradients of scale and zero point over inputs of {@code features} channels. */
    public double gradientFactor(long features) {
        return 1 / Math.sqrt((double) features * grid.steps());
    }

    /** The plan with these numbers: what {@link #fake} computes. */
    public InputPlan plan(float scale, float zero) {
        return new InputPlan.Static(
                grid, Math.max(scale, (float) SMALLEST_STEP), grid.symmetric() ? 0 : (float) Math.rint(zero));
    }
}
