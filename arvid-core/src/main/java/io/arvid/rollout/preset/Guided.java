package io.arvid.rollout.preset;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.rollout.sampler.FlowSolver;
import io.arvid.rollout.sampler.WanSampler;

/**
 * How the bidirectional model is sampled. Nothing but {@code unguided_steps} has a default: a guidance that is left out would otherwise be 0, which
 * follows the negative prompt alone.
 *
 * @param solver {@code unipc} or {@code dpm++}
 * @param steps solver steps
 * @param shift shift of the noise levels
 * @param guidance weight of the prompt against the negative prompt
 * @param unguidedSteps last steps that follow the prompt alone (DSAQuant); 0 where it is left out
 * @param negativePrompt what the video should not show
 */
public record Guided(
        @JsonProperty(value = "solver", required = true) String solver,
        @JsonProperty(value = "steps", required = true) int steps,
        @JsonProperty(value = "shift", required = true) double shift,
        @JsonProperty(value = "guidance", required = true) double guidance,
        @JsonProperty(value = "unguided_steps") int unguidedSteps,

        @JsonProperty(value = "negative_prompt", required = true)
        String negativePrompt) {
    /** Checks solver, steps, shift, guidance and the steps without it. */
    public Guided {
        FlowSolver.named(solver);
        if (steps < 1 || !(shift > 0)) {
            throw new IllegalArgumentException(
                    "a sampler needs steps and a positive shift, not " + steps + " and " + shift);
        }
        if (!Double.isFinite(guidance)) {
            throw new IllegalArgumentException("guidance must be a number, not " + guidance);
        }
        if (unguidedSteps < 0 || unguidedSteps > steps) {
            throw new IllegalArgumentException(
                    "unguided_steps must be from 0 to the " + steps + " steps, not " + unguidedSteps);
        }
    }

    /** The sampler with these settings. */
    public WanSampler sampler() {
        return new WanSampler(FlowSolver.named(solver), steps, shift, guidance, unguidedSteps);
    }
}
