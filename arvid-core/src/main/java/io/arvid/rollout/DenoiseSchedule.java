package io.arvid.rollout;

import java.util.Arrays;

/** The timesteps at which chunks are denoised, highest noise first. The first generated chunk may have its own (Causal-Forcing). */
public final class DenoiseSchedule {
    private final FlowMatchSchedule levels;
    private final float[] timesteps;
    private final float[] firstChunkTimesteps;

    /** The schedule that {@code config} describes. */
    public DenoiseSchedule(RolloutConfig config) {
        this.levels = new FlowMatchSchedule(config.shift());
        this.timesteps = timesteps(config.denoisingSteps(), config.warpSteps());
        this.firstChunkTimesteps =
                config.firstChunkSteps() == null ? timesteps : timesteps(config.firstChunkSteps(), config.warpSteps());
    }

    private float[] timesteps(int[] steps, boolean warp) {
        float[] warped = new float[steps.length];
        for (int i = 0; i < steps.length; i++) {
            warped[i] = warp ? levels.warp(steps[i]) : steps[i];
        }
        return warped;
    }

    /** The noise level of every timestep. */
    public FlowMatchSchedule levels() {
        return levels;
    }

    /** Timesteps of the chunks after the first, in order. */
    public float[] timesteps() {
        return timesteps.clone();
    }

    /** Timesteps of generated chunk {@code chunk}, in order. */
    public float[] timesteps(int chunk) {
        float[] ofChunk = chunk == 0 ? firstChunkTimesteps : timesteps;
        return ofChunk.clone();
    }

    /** Forward passes that {@code chunks} generated chunks take, context passes included. */
    public int passes(int chunks) {
        return chunks == 0 ? 0 : firstChunkTimesteps.length + (chunks - 1) * timesteps.length + chunks;
    }

    /** Forward passes that {@code chunks} chunks take in a rolling window, context passes included. */
    public int rollingPasses(int chunks) {
        return chunks == 0 ? 0 : 2 * (chunks + timesteps.length - 1);
    }

    @Override
    public String toString() {
        return Arrays.toString(timesteps);
    }
}
