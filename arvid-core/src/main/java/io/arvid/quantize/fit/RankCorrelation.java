package io.arvid.quantize.fit;

import java.util.Comparator;
import java.util.stream.IntStream;

/** Spearman's rank correlation: how nearly one quantity rises with another. Equal values share the mean of their ranks. */
public final class RankCorrelation {
    private RankCorrelation() {}

    /** Correlation of the index 0, 1, … and {@code values}: −1 where they only fall. */
    public static double withIndex(double[] values) {
        return spearman(IntStream.range(0, values.length).asDoubleStream().toArray(), values);
    }

    /** Pearson correlation of the ranks of {@code x} and {@code y}; NaN where one of them is constant. */
    public static double spearman(double[] x, double[] y) {
        if (x.length != y.length) {
            throw new IllegalArgumentException("a correlation needs pairs, not " + x.length + " and " + y.length);
        }
        return ofRanks(ranks(x), ranks(y));
    }

    /** The same of values whose {@link #ranks} are known. */
    static double ofRanks(double[] rankX, double[] rankY) {
        double middle = (rankX.length + 1) / 2.0;
        double xy = 0;
        double xx = 0;
        double yy = 0;
        for (int i = 0; i < rankX.length; i++) {
            xy += (rankX[i] - middle) * (rankY[i] - middle);
            xx += (rankX[i] - middle) * (rankX[i] - middle);
            yy += (rankY[i] - middle) * (rankY[i] - middle);
        }
        return xy / Math.sqrt(xx * yy);
    }

    /** Ranks from 1. */
    static double[] ranks(double[] values) {
        int[] order = IntStream.range(0, values.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> values[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        double[] ranks = new double[values.length];
        for (int start = 0; start < order.length; ) {
            int end = start + 1;
            while (end < order.length && values[order[end]] == values[order[start]]) {
                end++;
            }
            for (int i = start; i < end; i++) {
                ranks[order[i]] = (start + 1 + end) / 2.0;
            }
            start = end;
        }
        return ranks;
    }
}
