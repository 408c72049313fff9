package io.arvid.record;

import java.util.List;
import java.util.Optional;

/**
 * How far one quantized model is from full precision on the same prompts and the same noise; where there was no reference, what its videos are by themselves.
 *
 * @param method id of the method, such as {@code q-arvd}; empty where nobody said
 * @param setting bit widths, such as {@code w4a8}; empty where nobody said
 * @param prompts number of prompts; a video of unknown prompt counts as one
 * @param confidence level of the intervals, such as 0.95
 * @param metrics one a metric
 */
public record Comparison(String method, String setting, int prompts, double confidence, List<MetricScores> metrics) {
    /** The scores of {@code metric}. */
    public Optional<MetricScores> metric(String metric) {
        return metrics.stream().filter(scores -> scores.metric().equals(metric)).findFirst();
    }
}
