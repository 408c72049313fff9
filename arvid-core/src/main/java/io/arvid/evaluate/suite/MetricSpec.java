package io.arvid.evaluate.suite;

import io.arvid.evaluate.Direction;
import io.arvid.evaluate.vbench.VBenchAggregation;
import java.util.List;

/**
 * What is known of a metric before its weights are loaded.
 *
 * @param id name in options and results
 * @param input what it looks at
 * @param direction which way it improves
 * @param identical its value for videos that equal their references; NaN where it needs none
 * @param aggregation how the numbers of all videos become one
 * @param slots its weights files
 * @param builder makes the scorer
 */
public record MetricSpec(
        String id,
        MetricInput input,
        Direction direction,
        double identical,
        VBenchAggregation aggregation,
        List<WeightSlot> slots,
        Builder builder) {
    /** Counted up when a metric's numbers change for the same files, so that cached ones are not used. */
    static final int REVISION = 3;

    /** Makes a scorer from the files of the metric's slots. */
    @FunctionalInterface
    interface Builder {
        Scorer build(MetricFiles files, EvaluationSettings settings);
    }

    /** True where every file that the metric cannot do without is there. */
    public boolean isSupplied(MetricFiles files) {
        return slots.stream().allMatch(slot -> !slot.required() || files.has(slot));
    }
}
