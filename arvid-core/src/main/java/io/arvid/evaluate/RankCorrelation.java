package io.arvid.evaluate;

import java.util.Arrays;
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
        double[] rankX = ranks(x);
        double[] rankY = ranks(y);
        double middle = (x.length + 1) / 2.0;
        double xy = 0;
        double xx = 0;
        double yy = 0;
        for (int i = 0; i < x.length; i++) {
            xy += (rankX[i] - middle) * (rankY[i] - middle);
            xx += (rankX[i] - middle) * (rankX[i] - middle);
            yy += (rankY[i] - middle) * (rankY[i] - middle);
        }
        return xy / Math.sqrt(xx * yy);
    }

    private static double[] ranks(double[] values) {
        Integer[] order = IntStream.range(0, values.length).boxed().toArray(Integer[]::new);
        Arrays.sort(order, Comparator.comparingDouble(i -> values[i]));
        double[] ranks = new double[values.length];
        for (int begin = 0; begin < order.length; ) {
            int end = begin + 1;
            while (end < order.length && values[order[end]] == values[order[begin]]) {
                end++;
            }
            for (int i = begin; i < end; i++) {
                ranks[order[i]] = (begin + 1 + end) / 2.0;
            }
            begin = end;
        }
        return ranks;
    }
}
