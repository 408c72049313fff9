package io.arvid.quantize.qvgen;

import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * Inputs quantized token by token, their range clipped by learned factors (QVGen {@code training/quant/quant.py} LearnableClippedDynamicQuantizer):
 *
 * <pre>{@code
 * lo = σ(a)·ratio·min,  hi = σ(b)·ratio·max,  s = max((hi − lo)/(2^b − 1), ε),  z = −round(lo/s),  x̂ = s·(clamp(round(x/s) + z) − z)
 * symmetric:  s = max(σ(b)·ratio·max|x| / (2^(b−1) − 1), ε),  x̂ = s·clamp(round(x/s))
 * }</pre>
 *
 * <p>The zero point has no gradient of its own; scale and token extremes have, so that x also hears through them. Where values lie beyond the clipped
 * range, they are clamped.
 *
 * @param grid codes
 * @param ratio a fixed factor beside the learned ones: 1, or 0.95 as in the code
 * @param zeroInGrid true to clamp z to the grid, as the code does
 * @param smallestStep ε
 * @param rounding how gradients pass the rounding
 */
public record ClippedDynamicInput(
        IntGrid grid, double ratio, boolean zeroInGrid, double smallestStep, StraightThrough rounding) {
    /** Factor that learned clipping starts from. */
    public static final double INITIAL_FACTOR = 0.95;
    /** The logit of {@link #INITIAL_FACTOR}. */
    public static final double INITIAL_LOGIT = Math.log(INITIAL_FACTOR / (1 - INITIAL_FACTOR));

    private static final double STEP_OF_PLANS = 1e-8;

    /** As paper or code has it, with the smallest step of an {@link InputPlan}. */
    public static ClippedDynamicInput of(IntGrid grid, Follow follow, StraightThrough rounding) {
        boolean code = follow == Follow.CODE;
        return new ClippedDynamicInput(grid, code ? INITIAL_FACTOR : 1, code, STEP_OF_PLANS, rounding);
    }

    /**
     * Range and scale of every token, {@code [..., 1]}.
     *
     * @param zero zeros where the grid is symmetric
     */
    public record Range(Tensor low, Tensor high, Tensor scale, Tensor zero) {}

    /** Clipping factors of logits: {@code σ(logits) · ratio}. */
    public Tensor factors(Tensor logits) {
        Tensor factors = logits.sigmoid();
        return ratio == 1 ? factors : Ops.mul(factors, ratio);
    }

    /** Range of each token of x {@code [..., in]} with factors that broadcast against {@code [..., 1]}. */
    public Range range(Tensor x, Tensor lowFactor, Tensor highFactor) {
        if (grid.symmetric()) {
            Tensor high = Ops.amax(x.abs(), true, -1).mul(highFactor);
            Tensor scale = Ops.clampMin(Ops.div(high, grid.steps()), smallestStep);
            return new Range(high.neg(), high, scale, Tensors.zeros(DTypes.F32, 1));
        }
        Tensor low = Ops.amin(x, true, -1).mul(lowFactor);
        Tensor high = Ops.amax(x, true, -1).mul(highFactor);
        Tensor scale = Ops.clampMin(Ops.div(high.sub(low), grid.steps()), smallestStep);
        Tensor zero = low.detach().neg().div_(scale.detach()).round_();
        return new Range(low, high, scale, zeroInGrid ? Ops.clamp_(zero, grid.lowest(), grid.highest()) : zero);
    }

    /** x {@code [..., in]} after quantization with factors that broadcast against {@code [..., 1]}; differentiable in all arguments. */
    public Tensor fake(Tensor x, Tensor lowFactor, Tensor highFactor) {
        Range range = range(x, lowFactor, highFactor);
        Tensor rounded = rounding.round(x.div(range.scale()));
        if (grid.symmetric()) {
            return Ops.clamp(rounded, grid.lowest(), grid.highest()).mul(range.scale());
        }
        return Ops.clamp(rounded.add(range.zero()), grid.lowest(), grid.highest())
                .sub(range.zero())
                .mul(range.scale());
    }

    /** The plan with these factors: what {@link #fake} computes, bit for bit. */
    public InputPlan plan(float lowFactor, float highFactor) {
        return new InputPlan.Dynamic(grid, new Granularity.PerToken(), lowFactor, highFactor, zeroInGrid);
    }
}
