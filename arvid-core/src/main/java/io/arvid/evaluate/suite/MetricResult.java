package io.arvid.evaluate.suite;

import io.arvid.evaluate.Direction;
import io.arvid.record.Estimate;
import io.arvid.record.MetricScores;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one metric says of a set of videos.
 *
 * @param metric its id
 * @param direction which way it improves
 * @param identical its value for videos that equal their references; null where it needs none
 * @param videos number of videos scored
 * @param overall over the set; without an interval (both ends equal the mean) for {@code vbench_average}
 * @param perChunk one a chunk, in order; empty where the numbers do not belong to frames
 * @param drift the last chunk's value less the first's; null without chunks
 * @param byVideo one number a video; empty where the number is one of the whole set
 */
public record MetricResult(
        String metric,
        Direction direction,
        @Nullable Double identical,
        int videos,
        Estimate overall,
        List<Estimate> perChunk,
        @Nullable Double drift,
        Map<String, Double> byVideo) {
    /** For records of runs. */
    MetricScores scores() {
        boolean known = perChunk.stream().noneMatch(chunk -> Double.isNaN(chunk.mean()));
        return new MetricScores(metric, overall, known ? perChunk : List.of());
    }
}
