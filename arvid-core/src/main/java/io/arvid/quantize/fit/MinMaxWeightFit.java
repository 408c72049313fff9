package io.arvid.quantize.fit;

import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * The whole range of a row: {@code scale = (max − min) / (2^bits − 1)}, {@code zero = round(−min / scale)}, or {@code scale = max|w| / (2^(bits−1) −
 * 1)} where the grid is symmetric; at least 1e-8 (Q-ARVD {@code quant/quant_layer.py}, scale method {@code max}).
 *
 * @param alwaysZero true to leave the zero point of an asymmetric grid at 0, as the official option of that name does
 */
public record MinMaxWeightFit(boolean alwaysZero) implements WeightFit {
    private static final double SMALLEST_STEP = 1e-8;

    /** With zero points. */
    public MinMaxWeightFit() {
        this(false);
    }

    @Override
    public AffinePairs fit(Tensor rows, IntGrid grid) {
        Tensor low = Ops.amin(rows, true, 1);
        Tensor high = Ops.amax(rows, true, 1);
        Tensor range = grid.symmetric() ? low.abs().max(high.abs()) : high.sub(low);
        Tensor scales = Ops.clampMin(Ops.div(range, grid.steps()), SMALLEST_STEP);
        Tensor zeros = grid.symmetric() || alwaysZero
                ? Tensors.zerosLike(scales)
                : low.neg().div(scales).round_();
        return new AffinePairs(scales, zeros);
    }
}
