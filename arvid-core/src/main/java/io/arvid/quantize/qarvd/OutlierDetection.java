package io.arvid.quantize.qarvd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/**
 * Step B: which input channels of a layer are outliers, by the norms of the weight's columns (Q-ARVD {@code utils/outlier_adaptive_dual_scale.py}).
 *
 * @param rule how the threshold is found
 * @param madThreshold τ of {@code median + τ·MAD / 0.6745}
 * @param iqrFactor k of {@code q3 + k·(q3 − q1)}
 * @param minRatio α: an outlier's norm exceeds {@code α · median}
 * @param align counts are rounded up to a multiple of this
 */
public record OutlierDetection(Rule rule, double madThreshold, double iqrFactor, double minRatio, int align) {
    /** Ways to find the threshold. */
    public enum Rule {
        /** From the median absolute deviation. */
        @JsonProperty("mad")
        MAD,
        /** From the interquartile range. */
        @JsonProperty("iqr")
        IQR
    }

    /** Checks the numbers. */
    public OutlierDetection {
        if (align < 1 || !(madThreshold >= 0) || !(iqrFactor >= 0) || !(minRatio >= 0)) {
            throw new IllegalArgumentException("align " + align + ", madThreshold " + madThreshold + ", iqrFactor "
                    + iqrFactor + " and minRatio " + minRatio + "; wanted at least 1, and 0 or more");
        }
    }

    /**
     * What was found in one layer.
     *
     * @param count outliers, after alignment
     * @param threshold norm above which a channel is an outlier before alignment; 0 where a guard ruled outliers out
     */
    public record Found(int count, double threshold) {}

    /**
     * The channels of one layer.
     *
     * @param outliers int64, ascending norm
     * @param normals int64, ascending norm
     */
    public record Columns(Tensor outliers, Tensor normals) {}

    private static final float MAD_TO_DEVIATION = 0.6745f;
    private static final double SMALLEST_MAD = 1e-8;

    /** The paper's settings: τ = 3.5, α = 1.2, multiples of 32. */
    public static OutlierDetection paper() {
        return new OutlierDetection(Rule.MAD, 3.5, 1.5, 1.2, 32);
    }

    /** Norm of each column of {@code weight [out, in]}: float32 {@code [in]}. */
    public static Tensor columnNorms(Tensor weight) {
        return Ops.norm(Ops.toF32(weight), 0);
    }

    /**
     * How many of the channels with these {@code norms} are outliers.
     *
     * @param guards true as in the official code: none where the MAD is below 1e-8, and at most half of all channels; false as the paper writes it
     */
    public Found count(float[] norms, boolean guards) {
        double median = median(norms);
        Found above = switch (rule) {
            case MAD -> aboveDeviation(norms, (float) median, guards);
            case IQR -> aboveQuartiles(norms, median);
        };
        int aligned = Math.ceilDiv(above.count(), align) * align;
        return new Found(Math.min(aligned, guards ? norms.length / 2 : norms.length), above.threshold());
    }

    /** {@code threshold = max(median + τ·MAD/0.6745, α·median)}, in float32 as the official code computes. */
    private Found aboveDeviation(float[] norms, float median, boolean guards) {
        float[] deviations = new float[norms.length];
        for (int i = 0; i < norms.length; i++) {
            deviations[i] = Math.abs(norms[i] - median);
        }
        float mad = (float) median(deviations);
        if (guards && mad < SMALLEST_MAD) {
            return new Found(0, 0);
        }
        float floor = (float) (minRatio * median);
        int above = 0;
        for (float norm : norms) {
            boolean deviates =
                    mad == 0 ? norm > median : MAD_TO_DEVIATION * (norm - median) / mad > (float) madThreshold;
            if (deviates && norm > floor) {
                above++;
            }
        }
        double threshold = Math.max(median + madThreshold * mad / MAD_TO_DEVIATION, minRatio * median);
        return new Found(above, threshold);
    }

    /** {@code threshold = max(q3 + k·(q3 − q1), α·median)}. */
    private Found aboveQuartiles(float[] norms, double median) {
        float[] sorted = norms.clone();
        Arrays.sort(sorted);
        double q1 = quantile(sorted, 0.25);
        double q3 = quantile(sorted, 0.75);
        double threshold = Math.max(q3 + iqrFactor * (q3 - q1), minRatio * median);
        int above = 0;
        for (float norm : norms) {
            if (norm > threshold) {
                above++;
            }
        }
        return new Found(above, threshold);
    }

    /** The {@code count} channels with the largest of {@code norms} (float32 {@code [in]}), and the others. */
    public static Columns columns(Tensor norms, int count) {
        Tensor ascending = norms.argsort();
        long normals = norms.numel() - count;
        return new Columns(Ops.slice(ascending, 0, normals, norms.numel()), Ops.slice(ascending, 0, 0, normals));
    }

    /** The outlier channels of {@code weight [out, in]}, ascending norm; empty where there are none. */
    public Columns find(Tensor weight, boolean guards) {
        Tensor norms = columnNorms(weight);
        return columns(norms, count(Tensors.toFloats(norms), guards).count());
    }

    /** Mean of the middle two where the count is even, in float32. */
    private static double median(float[] values) {
        float[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2f;
    }

    private static double quantile(float[] sorted, double q) {
        double rank = q * (sorted.length - 1);
        int below = (int) Math.floor(rank);
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
    }
}
