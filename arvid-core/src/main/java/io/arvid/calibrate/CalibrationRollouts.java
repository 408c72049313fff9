package io.arvid.calibrate;

import io.arvid.model.LinearSite;
import io.arvid.model.SiteForward;
import io.arvid.record.Progress;
import io.arvid.rollout.KvStore;
import io.arvid.tensor.TensorScope;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;

/** The calibration prompts, each with noise of its own: rolled out again and again with different arithmetic in the linear layers. */
public interface CalibrationRollouts {
    /** Prompts at hand. */
    int promptCount();

    /** Chunks of a roll-out. */
    int chunkCount();

    /** Text states of a prompt, {@code [1, L, textDim]} in the model's number type; the caller does not close them. */
    Tensor textStates(int prompt);

    /**
     * Generates one video. The same prompt gives the same noise each time, so that differences come from {@code sites} alone.
     *
     * @param prompt index, 0 … promptCount − 1
     * @param sites how linear layers are computed
     * @return final latents {@code [1, F, C, H, W]}
     */
    Tensor latents(int prompt, SiteForward sites);

    /**
     * As {@link #latents(int, SiteForward)}, with keys and values in {@code stores}.
     *
     * @throws IllegalArgumentException where these roll-outs keep keys and values as they are
     */
    default Tensor latents(int prompt, SiteForward sites, KvStore.Factory stores) {
        throw new IllegalArgumentException(
                "a KV cache in few bits cannot be tried on these roll-outs, which keep keys and values as they are");
    }

    /**
     * As {@link #latents(int, SiteForward)}; roll-outs that can be interrupted and go on keep their state under {@code name}, which stands for the
     * arithmetic of {@code sites}.
     */
    default Tensor latents(String name, int prompt, SiteForward sites) {
        return latents(prompt, sites);
    }

    /**
     * What is recorded of layers' inputs.
     *
     * @param sites of which layers
     * @param tokensPerSample tokens of a pass, 0 for all, {@link #NO_TOKENS} for none
     * @param seed of their choice
     * @param extremes true for the smallest and largest values of all tokens of a pass
     */
    record Wanted(Predicate<LinearSite> sites, int tokensPerSample, long seed, boolean extremes) {
        static final int NO_TOKENS = -1;

        /** Tokens alone. */
        public Wanted(Predicate<LinearSite> sites, int tokensPerSample, long seed) {
            this(sites, tokensPerSample, seed, false);
        }

        /** Smallest and largest values alone: two rows a pass and input. */
        public static Wanted extremes(Predicate<LinearSite> sites) {
            return new Wanted(sites, NO_TOKENS, 0, true);
        }
    }

    /** True where recordings lie on disk, so that one roll-out can record every layer, however large the model is. */
    default boolean recordsToDisk() {
        return false;
    }

    /**
     * Rolls out one prompt and records inputs.
     *
     * @param name says which roll-out this is; what is kept of an interrupted one goes by it, so it stands for the arithmetic of {@code sites} and for what
     *     is {@code wanted}
     */
    default Recording recordPrompt(String name, int prompt, Wanted wanted, SiteForward sites) {
        ActivationTape tape = new ActivationTape(wanted);
        TensorScope.runAndFree(() -> latents(prompt, new InputTap(sites, tape)));
        return tape;
    }

    /**
     * Rolls out the first {@code prompts} prompts and records inputs.
     *
     * @param name as in {@link #recordPrompt}, and for progress
     */
    default Recording record(String name, int prompts, Wanted wanted, SiteForward sites, Progress progress) {
        ActivationTape tape = new ActivationTape(wanted);
        try (Progress.Stage stage = progress.begin(name, prompts)) {
            for (int prompt = 0; prompt < prompts; prompt++) {
                try (TensorScope scope = TensorScope.open()) {
                    latents(prompt, new InputTap(sites, tape));
                }
                stage.step();
            }
        }
        return tape;
    }
}
