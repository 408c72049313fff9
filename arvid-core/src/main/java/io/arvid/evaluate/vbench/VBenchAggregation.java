package io.arvid.evaluate.vbench;

import io.arvid.evaluate.FrameScores;
import java.util.Collection;

/**
 * How VBench reduces the numbers of all videos to one. Subject consistency is reduced over frames by one process and over videos by several, so its
 * published values depend on the number of GPUs; background consistency is always reduced over frames, the other dimensions over videos.
 */
public enum VBenchAggregation {
    /** The sum over all frames of all videos over their count. */
    OVER_FRAMES,
    /** The mean of the videos' means. */
    OVER_VIDEOS;

    /** Reduces {@code scores}. */
    public double reduce(FrameScores scores) {
        return this == OVER_FRAMES ? scores.mean() : scores.meanOfVideos();
    }

    /** How much the mean of one video's {@code numbers} counts. */
    public double weight(double[] numbers) {
        return this == OVER_FRAMES ? numbers.length : 1;
    }

    /** The papers' "average" column: the plain mean of the dimensions, without the leaderboard's normalization. */
    public static double average(Collection<Double> dimensions) {
        return dimensions.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
    }
}
