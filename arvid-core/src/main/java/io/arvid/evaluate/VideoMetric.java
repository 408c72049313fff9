package io.arvid.evaluate;

import org.bytedeco.pytorch.Tensor;

/** Scores a video on its own, without a reference. */
public interface VideoMetric {
    /** Name in reports: {@code subject_consistency}, {@code temporal_flicker}. */
    String id();

    /** Which way the number improves. */
    Direction direction();

    /**
     * The numbers whose mean is the video's score, each belonging to one frame.
     *
     * @param video {@code [T, 3, H, W]}, uint8 or floating in [0, 1]
     */
    double[] perFrame(Tensor video);

    /** The frame that number {@code index} of {@link #perFrame} belongs to. */
    default int frameOf(int index) {
        return index;
    }

    /** The score of a set of videos. */
    default double aggregate(FrameScores scores) {
        return scores.meanOfVideos();
    }
}
