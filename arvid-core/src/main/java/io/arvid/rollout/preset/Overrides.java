package io.arvid.rollout.preset;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Settings to use instead of a preset's; null keeps the preset's.
 *
 * @param steps denoising steps of a chunk, falling, before the schedule is shifted
 * @param shift shift of the schedule
 * @param chunkFrames latent frames that are generated together
 * @param height pixel rows
 * @param width pixel columns
 * @param frames frames of the video
 * @param solver {@code unipc} or {@code dpm++}
 * @param solverSteps number of solver steps
 * @param guidance weight of the prompt against the negative prompt
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
    public static final Overrides NONE = new Overrides(null, null, null, null, null, null, null, null, null, null);

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
        addIf(names, "negative-prompt", negativePrompt);
        return names;
    }

    private static void addIf(List<String> names, String name, @Nullable Object value) {
        if (value != null) {
            names.add(name);
        }
    }

    static <T> T or(@Nullable T value, T otherwise) {
        return value == null ? otherwise : value;
    }
}
