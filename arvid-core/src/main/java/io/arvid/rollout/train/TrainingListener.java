package io.arvid.rollout.train;

/** Is told about every step of a training run. */
@FunctionalInterface
public interface TrainingListener {
    /**
     * A step was made.
     *
     * @param phase what is being trained
     * @param step steps made so far
     * @param totalSteps steps of the phase
     * @param loss the step's loss
     * @param gradientNorm norm of the gradients before clipping
     */
    void onStep(String phase, long step, long totalSteps, double loss, double gradientNorm);
}
