package io.arvid.record;

import java.util.Map;

/**
 * One step of training, as it stands in the log.
 *
 * @param step steps made so far
 * @param totalSteps steps of the run
 * @param loss the step's loss
 * @param gradientNorm norm of all gradients before clipping
 * @param groupNorms norm of the gradients of each group of parameters; empty where there are no groups
 * @param rank rank of the auxiliary modules, 0 where they are gone
 * @param fading factor on their fading half
 * @param rates learning rate of each group, 0 where the step leaves it as it is; empty where there are no groups
 * @param seconds what the step took
 */
public record TrainingStep(
        long step,
        long totalSteps,
        double loss,
        double gradientNorm,
        Map<String, Double> groupNorms,
        int rank,
        double fading,
        Map<String, Double> rates,
        double seconds) {
    /** A step of training without groups of parameters and auxiliary modules. */
    public static TrainingStep of(long step, long totalSteps, double loss, double gradientNorm, double seconds) {
        return new TrainingStep(step, totalSteps, loss, gradientNorm, Map.of(), 0, 0, Map.of(), seconds);
    }

    /** Hears every step. */
    @FunctionalInterface
    public interface Listener {
        /** A step was made. */
        void onStep(TrainingStep step);
    }
}
