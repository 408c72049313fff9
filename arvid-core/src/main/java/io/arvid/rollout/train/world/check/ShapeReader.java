package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.Direction;
import io.arvid.rollout.train.world.Shape;
import io.arvid.rollout.train.world.ShapeKind;
import io.arvid.rollout.train.world.ShapeSize;
import io.arvid.rollout.train.world.Speed;
import io.arvid.rollout.train.world.WorldSpec;
import org.jspecify.annotations.Nullable;

/** Turns the measures of one color into the words size, kind, direction and speed. */
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

    ShapeCheck read(Shape expected, @Nullable TrackReading found) {
        if (found == null || found.track().clearFrames().length < tolerances.leastClearFrames()) {
            return ShapeCheck.absent(expected);
        }
        ColorTrack track = found.track();
        double area = track.median(Blob::area);
        MotionFit fit = found.fit();
        MotionConsistency consistency = found.consistency();
        boolean judged = consistency.velocityCount() >= tolerances.leastVelocities();
        double speed = judged ? consistency.medianSpeed() : fit.pixelsPerFrame();
        return new ShapeCheck(
                expected,
                KindVote.of(track),
                size(area, expected.kind()),
                direction(fit, consistency),
                speed(speed),
                area,
                speed,
                fit.cost());
    }

    /** The first direction of the fit, where the motion is steady; few velocities say less than the fit. */
    private @Nullable Direction direction(MotionFit fit, MotionConsistency motion) {
        boolean steady = motion.velocityCount() >= tolerances.leastVelocities()
                ? motion.turnCount() == 0 && motion.stalledShare() <= tolerances.stalledShare()
                : fit.cost() <= tolerances.fitPixels() * spec.scale();
        return steady && motion.jumpCount() == 0 ? fit.direction() : null;
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
