package io.arvid.quantize.fit;

import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.List;
import java.util.stream.DoubleStream;
import org.bytedeco.pytorch.Tensor;

/**
 * The range between two quantiles of a row, at whichever percentile leaves the least mean squared error; the earlier wins a tie (Q-ARVD
 * {@code quant/quant_layer.py}, scale method {@code mse}). A row for which no percentile gives a range, such as a constant one, gets the range from
 * zero to its values, where the official code ends in NaN.
 *
 * @param percentiles candidates p; the range is from quantile 1 − p to quantile p
 */
public record PercentileWeightFit(List<Double> percentiles) implements WeightFit {
    /** The candidates of the official code. */
    public static final List<Double> OFFICIAL = List.of(0.999, 0.9999, 0.99999);

    private static final double WORST = 1e10;

    /** With the official candidates. */
    public PercentileWeightFit() {
        this(OFFICIAL);
    }

    @Override
    public AffinePairs fit(Tensor rows, IntGrid grid) {
        Tensor best = Tensors.full(DTypes.F32, WORST, rows.size(0), 1);
        AffinePairs chosen = rangeFromZero(rows, grid);
        List<Tensor> ends = Quantiles.ofRows(
                rows,
                percentiles.stream()
                        .flatMapToDouble(percentile -> DoubleStream.of(1 - percentile, percentile))
                        .toArray());
        for (int i = 0; i < percentiles.size(); i++) {
            AffinePairs candidate = between(ends.get(2 * i), ends.get(2 * i + 1), grid);
            Tensor fake = AffineQuantizer.fake(rows, grid, candidate.scales(), candidate.zeros());
            Tensor error = Ops.mean(Ops.pow(rows.sub(fake).abs(), 2), true, 1);
            Tensor better = error.lt(best);
            best = Ops.where(better, error, best);
            chosen = new AffinePairs(
                    Ops.where(better, candidate.scales(), chosen.scales()),
                    Ops.where(better, candidate.zeros(), chosen.zeros()));
        }
        return chosen;
    }

    private static AffinePairs between(Tensor low, Tensor high, IntGrid grid) {
        if (grid.symmetric()) {
            Tensor scales = Ops.div(high.abs().max(low.abs()), grid.steps());
            return new AffinePairs(scales, Tensors.zerosLike(scales));
        }
        Tensor scales = Ops.div(high.sub(low), grid.steps());
        return new AffinePairs(scales, low.neg().div(scales).round_());
    }

    private static AffinePairs rangeFromZero(Tensor rows, IntGrid grid) {
        Tensor nothing = Tensors.zerosLike(Ops.amin(rows, true, 1));
        Tensor low = Ops.amin(rows, true, 1).min(nothing);
        Tensor high = Ops.amax(rows, true, 1).max(nothing);
        AffinePairs pairs = between(low, high, grid);
        Tensor empty = pairs.scales().eq(nothing);
        return new AffinePairs(
                Ops.where(empty, Tensors.onesLike(nothing), pairs.scales()), Ops.where(empty, nothing, pairs.zeros()));
    }
}
