package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.WorldSpec;

/**
 * The path of one color and what its motion is like.
 *
 * @param track the color through the clip
 * @param fit the bouncing motion that fits best
 * @param consistency how steadily it moves along the axis of that fit
 */
record TrackReading(ColorTrack track, MotionFit fit, MotionConsistency consistency) {

    static TrackReading of(ColorTrack track, WorldSpec spec, Tolerances tolerances) {
        MotionFit fit = MotionFit.of(track, spec);
        return new TrackReading(
                track, fit, MotionConsistency.of(track, fit.direction().horizontal(), spec, tolerances));
    }
}
