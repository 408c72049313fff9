package io.arvid.quantize.viditq;

import io.arvid.calibrate.Extremes;
import io.arvid.quantize.fit.SmoothingScales;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.tensor.Ops;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Balancing factors of one input in each range of timesteps (thu-nics/ViDiT-Q {@code qlinear.py}): the magnitude of a channel is a running mean, over the
 * passes in the range, of its largest magnitude over the tokens.
 *
 * @param alpha exponent of the input's magnitude
 * @param momentum of the running mean
 * @param buckets ranges of timesteps
 */
record TimestepBalance(double alpha, double momentum, StepBuckets buckets) {
    /** Factors {@code [in]} in range {@code bucket}; a range that no pass is in gets those of all passes. */
    Tensor factors(Extremes extremes, Tensor weightMagnitudes, int bucket) {
        int[] passes = IntStream.range(0, extremes.steps().size())
                .filter(i -> buckets.of(extremes.steps().get(i)) == bucket)
                .toArray();
        int[] used = passes.length > 0
                ? passes
                : IntStream.range(0, extremes.steps().size()).toArray();
        return SmoothingScales.smoothQuant(alpha)
                .factors(runningMean(extremes.magnitudes(), used), SmoothingScales.guardedWeights(weightMagnitudes));
    }

    private Tensor runningMean(Tensor rows, int[] passes) {
        Tensor mean = Ops.copy(rows.select(0, passes[0]));
        for (int i = 1; i < passes.length; i++) {
            Ops.lerp_(mean, rows.select(0, passes[i]), 1 - momentum);
        }
        return mean;
    }
}
