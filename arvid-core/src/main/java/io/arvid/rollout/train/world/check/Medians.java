package io.arvid.rollout.train.world.check;

import java.util.Arrays;

/** Order statistics of small arrays. */
final class Medians {

    private static final double HALF = 0.5;

    private Medians() {}

    static double median(double[] values) {
        return quantile(values, HALF);
    }

    /** Linear interpolation between order statistics; 0 for no values. */
    static double quantile(double[] values, double share) {
        if (values.length == 0) {
            return 0;
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double at = share * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
