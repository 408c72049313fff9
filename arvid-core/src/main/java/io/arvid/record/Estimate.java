package io.arvid.record;

/**
 * A mean over prompts or videos, or another statistic of them such as a ratio, with its confidence interval.
 *
 * @param mean the mean, or the other statistic
 * @param low lower end of the interval
 * @param high upper end of the interval
 */
public record Estimate(double mean, double low, double high) {
    /** A figure without spread. */
    public static Estimate exact(double value) {
        return new Estimate(value, value, value);
    }
}
