package io.arvid.rollout.train;

/**
 * Warm-up, plateau, then a straight line to zero.
 *
 * @param peak learning rate of the plateau
 * @param warmupSteps steps to reach it
 * @param totalSteps steps of the whole run
 * @param decayShare share of the run, at its end, over which the rate falls
 */
public record LearningRate(double peak, long warmupSteps, long totalSteps, double decayShare) {
    /** The rate of step {@code step}, counted from 0. */
    public double at(long step) {
        double warmup = Math.min(1, (step + 1.0) / Math.max(1, warmupSteps));
        double left = (totalSteps - step) / Math.max(1, decayShare * totalSteps);
        return peak * Math.min(warmup, Math.clamp(left, 0, 1));
    }
}
