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

    /** What is recorded of a layer's inputs: of which layers, how many tokens of a pass (0 for all), and the seed of their choice. */
    record Wanted(Predicate<LinearSite> sites, int tokensPerSample, long seed) {}

    /**
     * Rolls out the first {@code prompts} prompts and records inputs.
     *
     * @param name says which roll-out this is, for progress and for what is kept of an interrupted one
     */
    default Recording record(String name, int prompts, Wanted wanted, SiteForward sites, Progress progress) {
        ActivationTape tape = new ActivationTape(wanted.sites(), wanted.tokensPerSample(), wanted.seed());
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
