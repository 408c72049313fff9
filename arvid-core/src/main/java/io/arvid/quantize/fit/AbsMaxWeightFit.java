package io.arvid.quantize.fit;

import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * {@code scale = max(max|w| / (2^(bits−1) − 1), smallestStep)} for symmetric grids: the int8 rows of ConvRot checkpoints, with a smallest step of 1e-30.
 *
 * @param smallestStep scale of a row of zeros
 */
public record AbsMaxWeightFit(double smallestStep) implements WeightFit {
    /** As ConvRot checkpoints have it. */
    public AbsMaxWeightFit() {
        this(1e-30);
    }

    @Override
    public AffinePairs fit(Tensor rows, IntGrid grid) {
        if (!grid.symmetric()) {
            throw new IllegalArgumentException("the largest magnitude gives the scale of a symmetric grid");
        }
        Tensor scales = Ops.clampMin(Ops.div(Ops.amax(rows.abs(), true, 1), grid.steps()), smallestStep);
        return new AffinePairs(scales, Tensors.zerosLike(scales));
    }
}
