package io.arvid.rollout.preset;

import io.arvid.rollout.FlowMatchSchedule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Settings to use instead of a preset's; null keeps the preset's.
 *
 * @param steps denoising steps of a chunk, falling from 1000, pure noise, before the schedule is shifted
 * @param shift shift of the schedule
 * @param chunkFrames latent frames that are generated together
 * @param height pixel rows
 * @param width pixel columns
 * @param frames frames of the video
 * @param solver {@code unipc} or {@code dpm++}
 * @param solverSteps number of solver steps
 * @param guidance weight of the prompt against the negative prompt
 * @param unguidedSteps last solver steps that follow the prompt alone
 * @param negativePrompt what the video should not show
 */
public record Overrides(
        int @Nullable [] steps,
        @Nullable Double shift,
        @Nullable Integer chunkFrames,
        @Nullable Integer height,
        @Nullable Integer width,
        @Nullable Integer frames,
        @Nullable String solver,
        @Nullable Integer solverSteps,
        @Nullable Double guidance,
        @Nullable Integer unguidedSteps,
        @Nullable String negativePrompt) {
    /** Refuses what a {@code RolloutConfig} would take for absent. */
    public Overrides {
        if (shift != null && !(shift > 0)) {
            throw new IllegalArgumentException("shift must be positive, not " + shift);
        }
        if (chunkFrames != null && chunkFrames < 1) {
            throw new IllegalArgumentException("chunk-frames must be positive, not " + chunkFrames);
        }
    }

    /** No change. */
    public static final Overrides NONE =
            new Overrides(null, null, null, null, null, null, null, null, null, null, null);

    /** Names of the settings here that only a causal model has. */
    List<String> causalOnly() {
        List<String> names = new ArrayList<>();
        addIf(names, "steps", steps);
        addIf(names, "chunk-frames", chunkFrames);
        return names;
    }

    /** Names of the settings here that only the bidirectional model has. */
    List<String> guidedOnly() {
        List<String> names = new ArrayList<>();
        addIf(names, "solver", solver);
        addIf(names, "solver-steps", solverSteps);
        addIf(names, "guidance", guidance);
        addIf(names, "unguided-steps", unguidedSteps);
        addIf(names, "negative-prompt", negativePrompt);
        return names;
    }

    private static void addIf(List<String> names, String name, @Nullable Object value) {
        if (value != null) {
            names.add(name);
        }
    }

    /**
     * The steps here, or null.
     *
     * @throws IllegalArgumentException where they do not lead from pure noise downwards, as a number of steps does not
     */
    int @Nullable [] fallingSteps() {
        if (steps == null) {
            return null;
        }
        boolean falls = steps.length > 0 && steps[0] == FlowMatchSchedule.TRAINING_STEPS;
        for (int i = 1; i < steps.length; i++) {
            falls &= 0 < steps[i] && steps[i] < steps[i - 1];
        }
        if (!falls) {
            throw new IllegalArgumentException("steps are timesteps that fall from " + FlowMatchSchedule.TRAINING_STEPS
                    + " and stay above 0, such as 1000,750,500,250, not "
                    + Arrays.stream(steps).mapToObj(String::valueOf).collect(Collectors.joining(",")));
        }
        return steps;
    }

    static <T> T or(@Nullable T value, T otherwise) {
        return value == null ? otherwise : value;
    }
}
