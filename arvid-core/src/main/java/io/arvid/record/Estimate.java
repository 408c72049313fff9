package io.arvid.record;

/**
 * A mean over prompts with its confidence interval.
 *
 * @param mean the mean
 * @param low lower end of the interval
 * @param high upper end of the interval
 */
public record Estimate(double mean, double low, double high) {
    /** A figure without spread. */
    public static Estimate exact(double value) {
        return new Estimate(value, value, value);
    }
}
