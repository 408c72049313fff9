package io.arvid.quantize.fit;

import io.arvid.quantize.fake.FakeInput;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The range between two quantiles of a histogram of all samples, at whichever percentile leaves the least weighted mean squared error; the earlier wins
 * a tie (Q-ARVD {@code quant/quant_layer.py}, per-tensor initialization). Bin edges, cumulative shares and errors are in float32, in the official
 * order of operations. Inputs that do not vary get the range from zero to their value.
 *
 * @param percentiles candidates p; the range is between the bins in which the cumulative share reaches 1 − p and p
 * @param bins bins of the histogram
 * @param scoreBatch samples whose errors are averaged together; the score is the mean over these batches
 */
public record PercentileInputFit(List<Double> percentiles, int bins, int scoreBatch) implements InputFit {
    /** The settings of the official code. */
    public PercentileInputFit() {
        this(PercentileWeightFit.OFFICIAL, 32768, 5);
    }

    /**
     * One percentile's range and what it costs.
     *
     * @param low lower end
     * @param high upper end
     * @param lowBin bin of the lower end
     * @param highBin bin of the upper end
     * @param scale step
     * @param zero zero point
     * @param score weighted mean squared error
     */
    public record Candidate(
            double low, double high, long lowBin, long highBin, float scale, float zero, double score) {}

    @Override
    public InputPlan.Static fit(Tensor samples, Tensor weights, IntGrid grid) {
        return candidates(samples, weights, grid).stream()
                .filter(candidate -> candidate.scale() > 0 && !Double.isNaN(candidate.score()))
                .min(Comparator.comparingDouble(Candidate::score))
                .map(best -> new InputPlan.Static(grid, best.scale(), best.zero()))
                .orElseGet(() -> new MinMaxInputFit().fit(samples, weights, grid));
    }

    /** Every percentile's range, in the order of {@code percentiles}. */
    public List<Candidate> candidates(Tensor samples, Tensor weights, IntGrid grid) {
        if (grid.symmetric()) {
            throw new IllegalArgumentException("static inputs are quantized on an asymmetric grid");
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor min = samples.min();
            Tensor max = samples.max();
            Tensor counts = Ops.histogram(samples, bins, Tensors.item(min), Tensors.item(max));
            Tensor cumulative = counts.cumsum(0);
            Tensor shares = cumulative.div(cumulative.select(0, bins - 1));
            Tensor binWidth = Ops.div(max.sub(min), bins);
            List<Candidate> candidates = new ArrayList<>();
            for (double percentile : percentiles) {
                Tensor lowBin = Ops.searchSorted(shares, 1.0 - percentile);
                Tensor highBin = Ops.searchSorted(shares, percentile);
                Tensor low = min.add(Ops.add(Ops.toF32(lowBin), 0.5).mul(binWidth));
                Tensor high = min.add(Ops.add(Ops.toF32(highBin), 0.5).mul(binWidth));
                Tensor scale = Ops.div(high.sub(low), grid.steps());
                Tensor zero = low.neg().div(scale).round_();
                float step = (float) Tensors.item(scale);
                float offset = (float) Tensors.item(zero);
                candidates.add(new Candidate(
                        Tensors.item(low),
                        Tensors.item(high),
                        (long) Tensors.item(lowBin),
                        (long) Tensors.item(highBin),
                        step,
                        offset,
                        score(samples, weights, grid, step, offset)));
            }
            return candidates;
        }
    }

    private double score(Tensor samples, Tensor weights, IntGrid grid, float scale, float zero) {
        long count = samples.size(0);
        long batches = Math.ceilDiv(count, scoreBatch);
        double total = 0;
        for (long batch = 0; batch < batches; batch++) {
            try (TensorScope scope = TensorScope.open()) {
                long start = batch * scoreBatch;
                long end = Math.min(start + scoreBatch, count);
                Tensor x = Ops.slice(samples, 0, start, end);
                Tensor error = FakeInput.withPair(grid, scale, zero, x).sub_(x);
                Tensor perSample = Ops.mean(error.mul_(error).reshape(end - start, -1), false, 1);
                total += Tensors.item(Ops.mean(Ops.slice(weights, 0, start, end).mul(perSample), false, 0));
            }
        }
        return total / batches;
    }
}
