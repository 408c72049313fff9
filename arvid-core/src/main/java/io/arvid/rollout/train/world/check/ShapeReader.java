package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.Direction;
import io.arvid.rollout.train.world.Shape;
import io.arvid.rollout.train.world.ShapeKind;
import io.arvid.rollout.train.world.ShapeSize;
import io.arvid.rollout.train.world.Speed;
import io.arvid.rollout.train.world.WorldSpec;
import org.jspecify.annotations.Nullable;

/** Reads size, kind, direction and speed off the track of one color. */
final class ShapeReader {

    private static final double LEAST_AREA_FACTOR = 0.5;
    private static final double MOST_AREA_FACTOR = 1.6;
    private static final double LEAST_SPEED_FACTOR = 0.5;
    private static final double MOST_SPEED_FACTOR = 1.6;

    private final WorldSpec spec;
    private final Tolerances tolerances;

    ShapeReader(WorldSpec spec, Tolerances tolerances) {
        this.spec = spec;
        this.tolerances = tolerances;
    }

    ShapeCheck read(Shape expected, @Nullable ColorTrack track) {
        if (track == null || track.clearFrames().length < tolerances.leastClearFrames()) {
            return ShapeCheck.absent(expected);
        }
        double area = track.median(Blob::area);
        MotionFit fit = MotionFit.of(track, spec);
        MotionConsistency motion = MotionConsistency.of(track, fit.direction().horizontal(), spec, tolerances);
        double speed = motion.medianSpeed() > 0 ? motion.medianSpeed() : fit.pixelsPerFrame();
        return new ShapeCheck(
                expected,
                KindVote.of(track),
                size(area, expected.kind()),
                direction(fit, motion),
                speed(speed),
                area,
                speed,
                fit.cost());
    }

    private @Nullable Direction direction(MotionFit fit, MotionConsistency motion) {
        boolean steady = motion.turnCount() == 0
                && motion.jumpCount() == 0
                && motion.stalledShare() <= tolerances.stalledShare();
        return steady ? fit.direction() : null;
    }

    /** The size whose area is nearer as a ratio. */
    private @Nullable ShapeSize size(double area, ShapeKind kind) {
        double small = spec.area(kind, ShapeSize.SMALL);
        double large = spec.area(kind, ShapeSize.LARGE);
        if (area < LEAST_AREA_FACTOR * small || area > MOST_AREA_FACTOR * large) {
            return null;
        }
        return area * area < small * large ? ShapeSize.SMALL : ShapeSize.LARGE;
    }

    /** The nearer speed. */
    private @Nullable Speed speed(double pixelsPerFrame) {
        double slow = spec.pixelsPerFrame(Speed.SLOWLY);
        double quick = spec.pixelsPerFrame(Speed.QUICKLY);
        if (pixelsPerFrame < LEAST_SPEED_FACTOR * slow || pixelsPerFrame > MOST_SPEED_FACTOR * quick) {
            return null;
        }
        return 2 * pixelsPerFrame < slow + quick ? Speed.SLOWLY : Speed.QUICKLY;
    }
}
