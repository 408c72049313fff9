package io.arvid.run.bench;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * One line of a benchmark.
 *
 * @param group what kind of thing was measured
 * @param what the thing
 * @param arithmetic how it was computed
 * @param millis median wall time, milliseconds
 * @param fastest fastest run
 * @param slowest slowest run
 * @param processor median processor time of all threads, milliseconds
 * @param gigaflops billions of multiplications and additions a second that the products of the thing amount to; 0 where that says nothing
 * @param shareOfCeiling of what this machine was measured to do with such numbers at best, 0 where unknown
 * @param speedup median of the group's first arithmetic for the same thing over this one's
 * @param bytes memory that the row is about, 0 for none
 * @param note what else there is to know
 */
public record BenchRow(
        @JsonProperty("group") String group,
        @JsonProperty("what") String what,
        @JsonProperty("arithmetic") String arithmetic,
        @JsonProperty("millis") double millis,
        @JsonProperty("fastest") double fastest,
        @JsonProperty("slowest") double slowest,
        @JsonProperty("processor_millis") double processor,
        @JsonProperty("gigaflops") double gigaflops,
        @JsonProperty("share_of_ceiling") double shareOfCeiling,
        @JsonProperty("speedup") double speedup,
        @JsonProperty("bytes") long bytes,
        @JsonProperty("note") String note) {
    /** A row with times {@code millis} and their ratio to {@code baseline}. */
    static BenchRow timed(
            String group,
            String what,
            String arithmetic,
            ByTurns.Millis millis,
            ByTurns.Millis baseline,
            long bytes,
            String note) {
        return rated(group, what, arithmetic, millis, baseline, bytes, note, 0, 0);
    }

    /** The same with what the products amount to. */
    static BenchRow rated(
            String group,
            String what,
            String arithmetic,
            ByTurns.Millis millis,
            ByTurns.Millis baseline,
            long bytes,
            String note,
            double gigaflops,
            double shareOfCeiling) {
        return new BenchRow(
                group,
                what,
                arithmetic,
                millis.median(),
                millis.fastest(),
                millis.slowest(),
                millis.processor(),
                gigaflops,
                shareOfCeiling,
                baseline.median() / millis.median(),
                bytes,
                note);
    }
}
