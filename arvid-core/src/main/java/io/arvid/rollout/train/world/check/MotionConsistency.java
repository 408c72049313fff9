package io.arvid.rollout.train.world.check;

import io.arvid.rollout.train.world.Interval;
import io.arvid.rollout.train.world.Speed;
import io.arvid.rollout.train.world.WorldSpec;
import java.util.Arrays;

/**
 * Whether a track keeps going along one axis and turns only near the borders.
 *
 * @param velocityCount velocities away from the borders
 * @param turnCount changes of direction away from the borders
 * @param jumpCount steps between clear frames that no allowed speed explains
 * @param stalledShare share of the velocities away from the borders that are near zero
 * @param medianSpeed median |velocity| away from the borders, in pixels a frame
 */
record MotionConsistency(int velocityCount, int turnCount, int jumpCount, double stalledShare, double medianSpeed) {

    private static final double STALLED_SHARE_OF_SLOW = 0.25;

    static MotionConsistency of(ColorTrack track, boolean horizontal, WorldSpec spec, Tolerances tolerances) {
        int[] frames = track.clearFrames();
        double[] path = track.path(horizontal);
        Interval reach = track.reach(horizontal, spec);
        double zone = tolerances.borderPixels() * spec.scale();
        double stalledBelow = STALLED_SHARE_OF_SLOW * spec.pixelsPerFrame(Speed.SLOWLY);
        int lag = tolerances.lagFrames();
        double[] speeds = new double[frames.length];
        int speedCount = 0;
        int stalled = 0;
        int turns = 0;
        double sign = 0;
        for (int i = 0; i + lag < frames.length; i++) {
            // A velocity across a gap, or inside the zone where turning is allowed, says nothing; the next one starts
            // afresh.
            if (frames[i + lag] - frames[i] != lag || nearBorder(path, i, i + lag, reach, zone)) {
                sign = 0;
                continue;
            }
            double velocity = (path[i + lag] - path[i]) / lag;
            speeds[speedCount++] = Math.abs(velocity);
            if (Math.abs(velocity) < stalledBelow) {
                stalled++;
                continue;
            }
            turns += sign * velocity < 0 ? 1 : 0;
            sign = Math.signum(velocity);
        }
        double share = speedCount == 0 ? 1 : stalled / (double) speedCount;
        double speed = Medians.median(Arrays.copyOf(speeds, speedCount));
        return new MotionConsistency(speedCount, turns, jumps(track, spec, tolerances), share, speed);
    }

    private static boolean nearBorder(double[] path, int from, int to, Interval reach, double zone) {
        for (int i = from; i <= to; i++) {
            if (path[i] < reach.low() + zone || path[i] > reach.high() - zone) {
                return true;
            }
        }
        return false;
    }

    private static int jumps(ColorTrack track, WorldSpec spec, Tolerances tolerances) {
        int[] frames = track.clearFrames();
        double[] x = track.path(true);
        double[] y = track.path(false);
        double fastest = 2 * spec.pixelsPerFrame(Speed.QUICKLY);
        int jumps = 0;
        for (int i = 1; i < frames.length; i++) {
            double step = Math.hypot(x[i] - x[i - 1], y[i] - y[i - 1]);
            double allowed = fastest * (frames[i] - frames[i - 1]) + tolerances.jumpPixels() * spec.scale();
            jumps += step > allowed ? 1 : 0;
        }
        return jumps;
    }
}
