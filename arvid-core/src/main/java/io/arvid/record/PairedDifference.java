package io.arvid.record;

/**
 * Two quantized models compared on the same prompts and noise: because prompts differ more than methods do, the difference is taken prompt by prompt.
 *
 * @param metric id of the metric
 * @param setting bit widths, such as {@code w4a8}
 * @param method id of the method
 * @param rival id of the method that it is compared with
 * @param prompts number of prompts
 * @param confidence level of the intervals
 * @param difference mean over prompts of the method's score less the rival's
 * @param ratio mean score of the method over that of the rival
 */
public record PairedDifference(
        String metric,
        String setting,
        String method,
        String rival,
        int prompts,
        double confidence,
        Estimate difference,
        Estimate ratio) {
    /** Fewer prompts decide nothing: the interval of one is a point, and that of two ends at their two values. */
    private static final int FEWEST_PROMPTS = 3;

    /** True where the method's score is below the rival's: the interval says so, of enough prompts. */
    public boolean lower() {
        return prompts >= FEWEST_PROMPTS && difference.high() < 0;
    }

    /** True where the method's score is above the rival's: the interval says so, of enough prompts. */
    public boolean higher() {
        return prompts >= FEWEST_PROMPTS && difference.low() > 0;
    }
}
