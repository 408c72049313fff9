package io.arvid.quantize.qvgen;

import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/**
 * LSQ+ for weights, with a scale and, on asymmetric grids, a real-valued zero point a row, both learned (arXiv 2004.09576; QVGen
 * {@code training/quant/quant.py} LSQPlusQuantizer):
 *
 * <pre>{@code q = clamp(round(w/s + z), lowest, highest),   ŵ = s·(q − z)}</pre>
 *
 * <p>Rounding is straight-through; the clamp passes gradients on the grid, its ends included.
 *
 * @param grid codes
 * @param rounding how gradients pass the rounding
 */
public record LsqWeight(IntGrid grid, StraightThrough rounding) {
    /** With the straight-through estimator. */
    public static LsqWeight of(IntGrid grid) {
        return new LsqWeight(grid, StraightThrough.PLAIN);
    }

    /**
     * Codes as float32.
     *
     * @param weight {@code [out, in]}
     * @param scale {@code [out, 1]}, positive
     * @param zero {@code [out, 1]}, any real number; zeros where the grid is symmetric
     */
    public Tensor codes(Tensor weight, Tensor scale, Tensor zero) {
        return Ops.clamp(rounding.round(weight.div(scale).add(zero)), grid.lowest(), grid.highest());
    }

    /** The weight after quantization and back, differentiable in all arguments. */
    public Tensor fake(Tensor weight, Tensor scale, Tensor zero) {
        return codes(weight, scale, zero).sub(zero).mul(scale);
    }

    /** LSQ's factor on the gradients of scale and zero point: {@code 1/√(in · steps)}. */
    public double gradientFactor(long inFeatures) {
        return 1 / Math.sqrt((double) inFeatures * grid.steps());
    }
}
