package io.arvid.quantize.fit;

import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * The range of a row that GPTQ uses (IST-DASLab/gptq {@code quant.py}): from the smallest to the largest weight, zero included; or symmetric around
 * zero, where it divides the range in {@code 2^bits − 1} steps, so that the largest code stands for half a step less than the largest weight. A row of
 * zeros gets the range −1 … 1. Computed in the type of the rows.
 *
 * @param shrink true to try 80 ranges, each 1 % narrower than the one before, and keep the one with the least {@code Σ|error|^2.4} (option
 *     {@code mse})
 */
public record GptqWeightFit(boolean shrink) implements WeightFit {
    private static final int RANGES = 80;
    private static final double SHRINK = 0.01;
    private static final double NORM = 2.4;

    @Override
    public AffinePairs fit(Tensor rows, IntGrid grid) {
        Tensor nothing = Tensors.zeros(DTypes.of(rows), rows.size(0), 1);
        Tensor low = Ops.amin(rows, true, 1).min(nothing);
        Tensor high = Ops.amax(rows, true, 1).max(nothing);
        if (grid.symmetric()) {
            high = low.abs().max(high);
            low = Ops.where(low.lt(nothing), high.neg(), low);
        }
        Tensor empty = low.eq(nothing).logical_and(high.eq(nothing));
        low = Ops.where(empty, Ops.add(low, -1), low);
        high = Ops.where(empty, Ops.add(high, 1), high);
        return shrink ? best(rows, low, high, grid) : pairs(low, high, grid);
    }

    private static AffinePairs best(Tensor rows, Tensor low, Tensor high, IntGrid grid) {
        AffinePairs chosen = pairs(low, high, grid);
        Tensor least = Tensors.full(DTypes.of(rows), Double.POSITIVE_INFINITY, rows.size(0), 1);
        for (int i = 0; i < RANGES; i++) {
            double share = 1 - i * SHRINK;
            AffinePairs narrower = pairs(Ops.mul(low, share), Ops.mul(high, share), grid);
            Tensor fake = AffineQuantizer.fake(rows, grid, narrower.scales(), narrower.zeros());
            Tensor error = Ops.sum(Ops.pow(fake.sub(rows).abs_(), NORM), true, 1);
            Tensor better = error.lt(least);
            least = Ops.where(better, error, least);
            chosen = new AffinePairs(
                    Ops.where(better, narrower.scales(), chosen.scales()),
                    Ops.where(better, narrower.zeros(), chosen.zeros()));
        }
        return chosen;
    }

    private static AffinePairs pairs(Tensor low, Tensor high, IntGrid grid) {
        Tensor scales = Ops.div(high.sub(low), (1 << grid.bits()) - 1);
        Tensor zeros = grid.symmetric()
                ? Tensors.zerosLike(scales)
                : low.neg().div(scales).round_();
        return new AffinePairs(scales, zeros);
    }
}
