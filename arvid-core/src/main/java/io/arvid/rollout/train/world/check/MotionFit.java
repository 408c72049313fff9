package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.Direction;
import io.arvid.rollout.train.world.Interval;
import io.arvid.rollout.train.world.Speed;
import io.arvid.rollout.train.world.WorldSpec;

/**
 * The bouncing motion that fits a track best: p(t) = fold(p0 + s v t) along one axis, constant along the other.
 *
 * <p>All directions, speeds and starts of a grid are tried; the cost is the mean over the clear frames of min(|error along| + |error across|, cap).
 * The first bounce must lie at least a tenth of the reach away from the start, because a shape that starts at a border and one that bounces off it at
 * once take the same path.
 *
 * @param direction the first direction
 * @param pixelsPerFrame the speed v
 * @param cost mean capped error in pixels
 */
record MotionFit(Direction direction, double pixelsPerFrame, double cost) {

    private static final double CAP_UNIT_PIXELS = 8;
    private static final double LEAST_RUN_SHARE = 0.1;
    private static final int SPEED_STEPS = 48;
    private static final int START_STEPS = 48;
    private static final double FASTEST_FACTOR = 1.8;

    /** The best fit over all directions. */
    static MotionFit of(ColorTrack track, WorldSpec spec) {
        MotionFit best = new MotionFit(Direction.LEFT, 0, Double.POSITIVE_INFINITY);
        for (Direction direction : Direction.values()) {
            MotionFit fit = along(direction, track, spec);
            best = fit.cost < best.cost ? fit : best;
        }
        return best;
    }

    private static MotionFit along(Direction direction, ColorTrack track, WorldSpec spec) {
        double[] path = track.path(direction.horizontal());
        double[] across = deviations(track.path(!direction.horizontal()));
        Interval reach = track.reach(direction.horizontal(), spec);
        double cap = CAP_UNIT_PIXELS * spec.scale();
        double fastest = FASTEST_FACTOR * spec.pixelsPerFrame(Speed.QUICKLY);
        MotionFit best = new MotionFit(direction, 0, Double.POSITIVE_INFINITY);
        for (int i = 0; i < START_STEPS; i++) {
            double run = LEAST_RUN_SHARE + (1 - LEAST_RUN_SHARE) * i / (START_STEPS - 1);
            double start = reach.at(direction.sign() > 0 ? 1 - run : run);
            for (int j = 1; j <= SPEED_STEPS; j++) {
                double speed = fastest * j / SPEED_STEPS;
                double cost =
                        cost(track.clearFrames(), path, across, reach, start, direction.sign() * speed, cap, best.cost);
                if (cost < best.cost) {
                    best = new MotionFit(direction, speed, cost);
                }
            }
        }
        return best;
    }

    /** The cost of one motion; the sum stops as soon as it is worse than the best so far. */
    private static double cost(
            int[] frames,
            double[] path,
            double[] across,
            Interval reach,
            double start,
            double velocity,
            double cap,
            double best) {
        double most = best * frames.length;
        double sum = 0;
        for (int i = 0; i < frames.length && sum <= most; i++) {
            double along = Math.abs(reach.fold(start + velocity * frames[i]) - path[i]);
            sum += Math.min(cap, along + across[i]);
        }
        return sum / frames.length;
    }

    private static double[] deviations(double[] values) {
        double middle = Medians.median(values);
        double[] deviations = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            deviations[i] = Math.abs(values[i] - middle);
        }
        return deviations;
    }
}
