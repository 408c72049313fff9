package io.arvid.rollout;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How a model is rolled out, with the names of the Self-Forcing and Causal-Forcing configurations. Absent numbers take their defaults.
 *
 * @param framesPerChunk latent frames that are generated together; 1 for frame-wise models
 * @param independentFirstFrame true where the first frame is a chunk of its own
 * @param denoisingSteps denoising steps of a chunk, falling, 0 … 1000
 * @param firstChunkSteps denoising steps of the first generated chunk; null for the same as of all
 * @param warpSteps true where {@code denoisingSteps} go through the shifted schedule
 * @param shift shift of the schedule; 0 or absent for 5
 * @param contextNoise timestep of the pass that writes a finished chunk into the cache
 * @param localAttentionFrames latent frames that the cache holds; −1 for all
 * @param sinkFrames first frames that stay in a local cache
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record RolloutConfig(
        @JsonProperty("num_frame_per_block") int framesPerChunk,
        @JsonProperty("independent_first_frame") boolean independentFirstFrame,
        @JsonProperty("denoising_step_list") int[] denoisingSteps,
        @JsonProperty("denoising_step_list_first_chunk") int @Nullable [] firstChunkSteps,
        @JsonProperty("warp_denoising_step") boolean warpSteps,
        @JsonProperty("timestep_shift") double shift,
        @JsonProperty("context_noise") double contextNoise,
        @JsonProperty("local_attn_size") int localAttentionFrames,
        @JsonProperty("sink_size") int sinkFrames) {
    /** Cache size that means every frame. */
    public static final int GLOBAL_ATTENTION = -1;

    /** Fills in what is absent and checks the rest. */
    public RolloutConfig {
        framesPerChunk = framesPerChunk == 0 ? 1 : framesPerChunk;
        shift = shift == 0 ? 5 : shift;
        localAttentionFrames = localAttentionFrames == 0 ? GLOBAL_ATTENTION : localAttentionFrames;
        require(framesPerChunk > 0, "num_frame_per_block must be positive, not " + framesPerChunk);
        require(
                denoisingSteps != null && denoisingSteps.length > 0,
                "denoising_step_list must name at least one step between 0 and 1000");
        require(
                firstChunkSteps == null || firstChunkSteps.length > 0,
                "denoising_step_list_first_chunk must name at least one step, or be absent");
        requireFalling("denoising_step_list", denoisingSteps);
        if (firstChunkSteps != null) {
            requireFalling("denoising_step_list_first_chunk", firstChunkSteps);
        }
        require(shift > 0 && Double.isFinite(shift), "timestep_shift must be positive, not " + shift);
        require(
                contextNoise >= 0 && contextNoise <= FlowMatchSchedule.TRAINING_STEPS,
                "context_noise must be a timestep between 0 and 1000, not " + contextNoise);
        require(
                localAttentionFrames == GLOBAL_ATTENTION || localAttentionFrames >= framesPerChunk,
                "local_attn_size " + localAttentionFrames + " is smaller than a chunk of " + framesPerChunk
                        + " frames; use at least " + framesPerChunk + ", or -1 for all frames");
        require(sinkFrames >= 0, "sink_size must not be negative, but is " + sinkFrames);
        require(
                localAttentionFrames == GLOBAL_ATTENTION || sinkFrames <= localAttentionFrames - framesPerChunk,
                "local_attn_size " + localAttentionFrames + " has no room for a chunk of " + framesPerChunk
                        + " frames beside a sink_size of " + sinkFrames + "; make it larger, or -1 for all frames");
    }

    /** Chunks of three frames, four steps, attention over all frames: Self-Forcing and chunk-wise Causal-Forcing. */
    public static RolloutConfig selfForcing() {
        int[] steps = {1000, 750, 500, 250};
        return new RolloutConfig(3, false, steps, null, true, 5, 0, GLOBAL_ATTENTION, 0);
    }

    /** True where every frame stays in the cache. */
    @JsonIgnore
    public boolean isGlobal() {
        return localAttentionFrames == GLOBAL_ATTENTION;
    }

    /** A chunk starts from pure noise and loses it step by step. */
    private static void requireFalling(String key, int[] steps) {
        int before = FlowMatchSchedule.TRAINING_STEPS + 1;
        for (int step : steps) {
            require(
                    step >= 0 && step < before,
                    key + " must fall from at most 1000 to at least 0, but is " + Arrays.toString(steps));
            before = step;
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
