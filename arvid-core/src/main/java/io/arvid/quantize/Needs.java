package io.arvid.quantize;

/** What a method will use, declared so that a run is budgeted before it starts. */
public sealed interface Needs {
    /** The weights alone. */
    record WeightsOnly() implements Needs {}

    /**
     * Calibration roll-outs.
     *
     * @param prompts calibration prompts
     * @param rollouts roll-outs in all
     * @param sensitivity true where chunk sensitivities are used
     */
    record Rollouts(int prompts, int rollouts, boolean sensitivity) implements Needs {}

    /**
     * Training of the whole model.
     *
     * @param prompts training prompts
     * @param steps optimizer steps
     */
    record Training(int prompts, int steps) implements Needs {}
}
