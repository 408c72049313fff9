package io.arvid.rollout.preset;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.rollout.sampler.FlowSolver;
import io.arvid.rollout.sampler.WanSampler;

/**
 * How the bidirectional model is sampled.
 *
 * @param solver {@code unipc} or {@code dpm++}
 * @param steps solver steps
 * @param shift shift of the noise levels
 * @param guidance weight of the prompt against the negative prompt
 * @param negativePrompt what the video should not show
 */
public record Guided(
        @JsonProperty("solver") String solver,
        @JsonProperty("steps") int steps,
        @JsonProperty("shift") double shift,
        @JsonProperty("guidance") double guidance,
        @JsonProperty("negative_prompt") String negativePrompt) {
    /** Checks solver and steps. */
    public Guided {
        FlowSolver.named(solver);
        if (steps < 1 || !(shift > 0)) {
            throw new IllegalArgumentException(
                    "a sampler needs steps and a positive shift, not " + steps + " and " + shift);
        }
    }

    /** The sampler with these settings. */
    public WanSampler sampler() {
        return new WanSampler(FlowSolver.named(solver), steps, shift, guidance);
    }
}
