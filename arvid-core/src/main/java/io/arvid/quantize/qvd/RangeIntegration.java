package io.arvid.quantize.qvd;

import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.fit.WeightFit;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * SCRI, scattered channel range integration, after a third-party port (in the manner of Outlier Suppression+): every input channel is shifted so that its
 * range is centered on zero, and channels that exceed a threshold t may be divided so that they no longer do. t is searched from the largest magnitude
 * down to the mean over channels, for the least error of the layer's output.
 *
 * @param steps thresholds tried, at least; more where the largest magnitude is above {@code steps / 2}
 */
public record RangeIntegration(int steps) {
    private static final double FINEST_STEP = 0.5;

    /** Checks the number. */
    public RangeIntegration {
        if (steps < 1) {
            throw new IllegalArgumentException("steps: " + steps + " thresholds leave nothing to search");
        }
    }

    /** As in the port. */
    public RangeIntegration() {
        this(100);
    }

    /** {@code (max + min) / 2} of each channel, float32 {@code [in]}. */
    public static Tensor shift(Tensor low, Tensor high) {
        return Ops.div(low.add(high), 2);
    }

    /**
     * A threshold and what it leads to.
     *
     * @param threshold t
     * @param factors {@code max(max_c / t, −min_c / t, 1)}, float32 {@code [in]}
     * @param error mean over tokens of the squared error of the output
     */
    public record Integrated(double threshold, Tensor factors, double error) {}

    /**
     * Finds the threshold; a later, smaller one wins only where it is better.
     *
     * @param x shifted inputs, float32 {@code [tokens, in]}
     * @param magnitudes largest magnitude of each shifted channel, float32 {@code [in]}
     * @param weight float32 {@code [out, in]}
     * @param inputs symmetric grid of the inputs
     * @param rule grid and granularity of the weights
     * @param ranges finds the ranges of the weights
     */
    public Integrated search(
            Tensor x, Tensor magnitudes, Tensor weight, IntGrid inputs, WeightRule rule, WeightFit ranges) {
        double largest = Tensors.item(magnitudes.max());
        double lowest = Tensors.item(Ops.mean(magnitudes, false, 0));
        int count = (int) Math.max(steps, largest / FINEST_STEP);
        Tensor expected = Ops.linear(x, weight, null);
        Integrated best = new Integrated(largest, Tensors.onesLike(magnitudes), Double.POSITIVE_INFINITY);
        for (int i = 0; i < count && largest > 0; i++) {
            double threshold = largest - (largest - lowest) * i / count;
            try (TensorScope scope = TensorScope.open()) {
                Tensor factors = Ops.clampMin(Ops.div(magnitudes, threshold), 1);
                double error = error(x.div(factors), weight.mul(factors), expected, threshold, inputs, rule, ranges);
                if (error < best.error()) {
                    best = new Integrated(threshold, scope.keep(factors), error);
                }
            }
        }
        return best;
    }

    private static double error(
            Tensor x,
            Tensor weight,
            Tensor expected,
            double threshold,
            IntGrid inputs,
            WeightRule rule,
            WeightFit ranges) {
        Tensor scale = Tensors.of(new float[] {(float) (threshold / inputs.steps())}, 1);
        Tensor zero = Tensors.zerosLike(scale);
        AffinePairs pairs = ranges.fit(weight, rule.grid(), rule.at());
        int in = (int) weight.size(1);
        Tensor fakeWeight = AffineQuantizer.fake(
                weight,
                rule.grid(),
                AffineQuantizer.perColumn(pairs.scales(), rule.at(), in),
                AffineQuantizer.perColumn(pairs.zeros(), rule.at(), in));
        Tensor difference = Ops.linear(AffineQuantizer.fake(x, inputs, scale, zero), fakeWeight, null)
                .sub(expected);
        return Tensors.item(Ops.mean(Ops.sum(Ops.pow(difference, 2), false, 1), false, 0));
    }
}
