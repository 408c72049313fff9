package io.arvid.quantize.qvgen;

import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.fit.WeightFit;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * The range of a row, shrunk by {@code 1 − i/100, i = 0 … 79}, whichever leaves the least {@code Σ|ŵ − w|^2.4}; the first of equals (QVGen
 * {@code training/quant/quant.py}).
 *
 * @param realZero true for a zero point that is not rounded, as LSQ+ learns it; false for one that is rounded and clamped to the grid (the code's
 *     UniformQuantizer). Symmetric grids have none
 */
public record ShrinkSearch(boolean realZero) implements WeightFit {
    private static final int CANDIDATES = 80;
    private static final double NORM = 2.4;
    private static final double SMALLEST_STEP = 1e-9;

    @Override
    public AffinePairs fit(Tensor rows, IntGrid grid) {
        Tensor low = Ops.amin(rows, true, 1);
        Tensor high = Ops.amax(rows, true, 1);
        Tensor best = Tensors.full(DTypes.F32, Double.POSITIVE_INFINITY, rows.size(0), 1);
        AffinePairs chosen = shrunk(low, high, grid, 0);
        for (int i = 0; i < CANDIDATES; i++) {
            try (TensorScope scope = TensorScope.open()) {
                AffinePairs candidate = shrunk(low, high, grid, i);
                Tensor error = error(rows, grid, candidate);
                Tensor better = error.lt(best);
                best = scope.keep(Ops.where(better, error, best));
                chosen = new AffinePairs(
                        scope.keep(Ops.where(better, candidate.scales(), chosen.scales())),
                        scope.keep(Ops.where(better, candidate.zeros(), chosen.zeros())));
            }
        }
        return chosen;
    }

    /** The pairs of the range shrunk by {@code 1 − i/100}. */
    public AffinePairs shrunk(Tensor low, Tensor high, IntGrid grid, int i) {
        double factor = 1 - i / 100.0;
        Tensor least = Ops.mul(low, factor);
        Tensor most = Ops.mul(high, factor);
        if (grid.symmetric()) {
            Tensor scales = Ops.clampMin(Ops.div(least.abs().max(most.abs()), grid.steps()), SMALLEST_STEP);
            return new AffinePairs(scales, Tensors.zerosLike(scales));
        }
        Tensor scales = Ops.clampMin(Ops.div(most.sub(least), grid.steps()), SMALLEST_STEP);
        Tensor zeros = least.neg().div(scales);
        return new AffinePairs(scales, realZero ? zeros : Ops.clamp_(zeros.round_(), grid.lowest(), grid.highest()));
    }

    /** {@code Σ|ŵ − w|^2.4} of each row, {@code [rows, 1]}. */
    public Tensor error(Tensor rows, IntGrid grid, AffinePairs pairs) {
        Tensor fake = fake(rows, grid, pairs);
        return Ops.sum(Ops.pow(fake.sub(rows).abs(), NORM), true, 1);
    }

    /** The rows after quantization: the zero point joins before the rounding where it is real. */
    public Tensor fake(Tensor rows, IntGrid grid, AffinePairs pairs) {
        return realZero
                ? LsqWeight.of(grid).fake(rows, pairs.scales(), pairs.zeros())
                : AffineQuantizer.fake(rows, grid, pairs.scales(), pairs.zeros());
    }
}
