package io.arvid.report.figure;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * From values to coordinates, linearly or by logarithm.
 *
 * @param low value at {@code from}
 * @param high value at {@code to}
 * @param logarithmic true for equal ratios at equal distances
 * @param from coordinate of {@code low}
 * @param to coordinate of {@code high}
 */
public record Scale(double low, double high, boolean logarithmic, double from, double to) {
    /** A scale from zero, with a little room above the largest value. */
    public static Scale fromZero(DoubleStream values, double from, double to) {
        double high = values.filter(Double::isFinite).max().orElse(1);
        return new Scale(0, high > 0 ? 1.06 * high : 1, false, from, to);
    }

    /** A scale around the values, which may start anywhere. */
    public static Scale around(DoubleStream values, double from, double to) {
        double[] range = range(values);
        double room = Math.max(0.06 * (range[1] - range[0]), 1e-3 * Math.max(Math.abs(range[1]), 1e-9));
        return new Scale(range[0] - room, range[1] + room, false, from, to);
    }

    /** A logarithmic scale around the values; those that are not positive do not count. */
    public static Scale logarithmic(DoubleStream values, double from, double to) {
        double[] range = range(values.filter(value -> value > 0));
        return range[0] <= 0 || range[1] <= 0
                ? new Scale(0.1, 1, true, from, to)
                : new Scale(range[0] / 1.25, range[1] * 1.25, true, from, to);
    }

    /** The same scale at other coordinates. */
    public Scale at(double newFrom, double newTo) {
        return new Scale(low, high, logarithmic, newFrom, newTo);
    }

    /** Coordinate of {@code value}; values outside the scale are drawn at its end. */
    public double of(double value) {
        double share = logarithmic
                ? Math.log(Math.max(value, Double.MIN_NORMAL) / low) / Math.log(high / low)
                : (value - low) / (high - low);
        return from + Math.clamp(share, 0, 1) * (to - from);
    }

    /** Round values on the scale, about {@code wanted} of them. */
    public List<Double> ticks(int wanted) {
        return logarithmic ? logarithmicTicks(wanted) : linearTicks(wanted);
    }

    private List<Double> linearTicks(int wanted) {
        double step = roundStep((high - low) / wanted);
        if (Math.floor(high / step) - Math.ceil(low / step) + 1 < wanted - 1) {
            step = roundStep((high - low) / (2 * wanted));
        }
        List<Double> ticks = new ArrayList<>();
        for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-12); i++) {
            ticks.add(i * step);
        }
        return ticks;
    }

    private List<Double> logarithmicTicks(int wanted) {
        for (int[] digits : new int[][] {{1}, {1, 3}, {1, 2, 5}}) {
            List<Double> ticks = new ArrayList<>();
            for (int exponent = (int) Math.floor(Math.log10(low)); exponent <= Math.log10(high); exponent++) {
                for (int digit : digits) {
                    double tick = digit * Math.pow(10, exponent);
                    if (tick >= low && tick <= high) {
                        ticks.add(tick);
                    }
                }
            }
            if (ticks.size() >= Math.min(wanted, 3) || digits.length == 3 && ticks.size() >= 2) {
                return ticks;
            }
        }
        return new Scale(low, high, false, from, to).linearTicks(wanted);
    }

    /** The smallest of 1, 2, 5 times a power of ten that is no less than {@code step}. */
    private static double roundStep(double step) {
        double power = Math.pow(10, Math.floor(Math.log10(step)));
        double digits = step / power;
        return power * (digits <= 1 ? 1 : digits <= 2 ? 2 : digits <= 5 ? 5 : 10);
    }

    private static double[] range(DoubleStream values) {
        var statistics = values.filter(Double::isFinite).summaryStatistics();
        return statistics.getCount() == 0
                ? new double[] {0, 1}
                : new double[] {statistics.getMin(), statistics.getMax()};
    }
}
