package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.ShapeKind;
import org.jspecify.annotations.Nullable;

/**
 * The kind of shape in a track, by majority over its clear frames.
 *
 * <p>A triangle has half its box filled and three quarters of its area in the lower half (taper 1/2); a circle fills pi/4 of its box, a square all of
 * it, both with taper 0. The limits lie midway; a blob outside all of them, such as a smear, has no vote.
 */
final class KindVote {

    private static final double TRIANGLE_TAPER = 0.25;
    private static final double LEAST_TRIANGLE_FILL = 0.38;
    private static final double MOST_TRIANGLE_FILL = 0.68;
    private static final double LEAST_CIRCLE_FILL = 0.66;
    private static final double LEAST_SQUARE_FILL = 0.89;
    private static final double MOST_STRETCH = 1.35;

    private KindVote() {}

    /** The kind with more than half of the clear frames, or null. */
    static @Nullable ShapeKind of(ColorTrack track) {
        int[] votes = new int[ShapeKind.values().length];
        for (int frame : track.clearFrames()) {
            ShapeKind kind = of(track.blobs()[frame]);
            if (kind != null) {
                votes[kind.ordinal()]++;
            }
        }
        for (ShapeKind kind : ShapeKind.values()) {
            if (2 * votes[kind.ordinal()] > track.clearFrames().length) {
                return kind;
            }
        }
        return null;
    }

    private static @Nullable ShapeKind of(Blob blob) {
        double stretch = Math.max(blob.width(), blob.height()) / (double) Math.min(blob.width(), blob.height());
        if (stretch > MOST_STRETCH) {
            return null;
        }
        double fill = blob.fillRatio();
        if (blob.taper() > TRIANGLE_TAPER) {
            return fill > LEAST_TRIANGLE_FILL && fill < MOST_TRIANGLE_FILL ? ShapeKind.TRIANGLE : null;
        }
        if (blob.taper() < -TRIANGLE_TAPER || fill < LEAST_CIRCLE_FILL) {
            return null;
        }
        return fill < LEAST_SQUARE_FILL ? ShapeKind.CIRCLE : ShapeKind.SQUARE;
    }
}
