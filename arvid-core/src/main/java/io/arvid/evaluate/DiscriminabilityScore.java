package io.arvid.evaluate;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How well one metric tells quantized models apart (Q-ARVD, arXiv 2605.21072, §"discriminability"): {@code DS = CV · BOA}.
 *
 * <pre>{@code
 * CV  = σ / μ over all quantized entries            population σ
 * BOA = share of the methods with  full precision ≻ W8A8 ≻ W4A8 ≻ W4A6   strictly, ≻ = better
 * }</pre>
 *
 * <p>The paper does not state the set of entries behind its CV; the quantized entries of all methods give its published values.
 *
 * @param mean mean over the quantized entries
 * @param deviation population standard deviation over them
 * @param agrees for each method, whether its entries fall strictly with the bit width
 */
public record DiscriminabilityScore(double mean, double deviation, Map<String, Boolean> agrees) {
    /** Copies the map, in order. */
    public DiscriminabilityScore {
        agrees = Collections.unmodifiableMap(new LinkedHashMap<>(agrees));
    }

    /**
     * Score of one metric.
     *
     * @param direction which way the metric improves
     * @param fullPrecision its value for the full-precision model
     * @param byMethod its values for each method, from the widest bit width to the narrowest
     */
    public static DiscriminabilityScore of(
            Direction direction, double fullPrecision, Map<String, List<Double>> byMethod) {
        double[] quantized = byMethod.values().stream()
                .flatMap(List::stream)
                .mapToDouble(Double::doubleValue)
                .toArray();
        if (quantized.length == 0) {
            throw new IllegalArgumentException("a discriminability score needs at least one quantized entry");
        }
        Map<String, Boolean> agrees = new LinkedHashMap<>();
        byMethod.forEach((method, values) -> agrees.put(method, fallsStrictly(direction, fullPrecision, values)));
        return new DiscriminabilityScore(FrameScores.mean(quantized), FrameScores.deviation(quantized), agrees);
    }

    private static boolean fallsStrictly(Direction direction, double fullPrecision, List<Double> widestFirst) {
        double better = fullPrecision;
        for (double value : widestFirst) {
            if (!direction.better(better, value)) {
                return false;
            }
            better = value;
        }
        return true;
    }

    /** Coefficient of variation {@code σ / μ}. */
    public double variation() {
        return deviation / mean;
    }

    /** The same with n − 1 in the deviation's denominator. */
    public static double sampleVariation(double... values) {
        double n = values.length;
        return FrameScores.deviation(values) * Math.sqrt(n / (n - 1)) / FrameScores.mean(values);
    }

    /** Coefficient of variation of any set of entries, with the population deviation. */
    public static double variation(double... values) {
        return FrameScores.deviation(values) / FrameScores.mean(values);
    }

    /** How many methods agree with the order of the bit widths. */
    public int agreeing() {
        return (int) agrees.values().stream().filter(agree -> agree).count();
    }

    /** Bit-order agreement, 0 to 1. */
    public double agreement() {
        return (double) agreeing() / agrees.size();
    }

    /** {@code CV · BOA}. */
    public double score() {
        return variation() * agreement();
    }

    @Override
    public String toString() {
        return "DS %.4f = CV %.4f × BOA %d/%d".formatted(score(), variation(), agreeing(), agrees.size());
    }
}
