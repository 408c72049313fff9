package io.arvid.model;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** A video diffusion transformer that can be rolled out chunk by chunk. Immutable: cache, chunk and arithmetic are arguments. */
public interface CausalVideoModel {
    /**
     * Flow prediction.
     *
     * @param latents noisy latents {@code [B, F, C, H, W]}
     * @param timesteps float32 {@code [B, F]}, or {@code [B, 1]} for one timestep a sample; 0 … 1000
     * @param text the prompt
     * @param step where in the roll-out
     * @param sites how linear layers are computed
     * @param attention what tokens attend to
     * @return flow {@code [B, F, C, H, W]} in the model's dtype
     */
    Tensor forward(
            Tensor latents,
            Tensor timesteps,
            TextContext text,
            RolloutStep step,
            SiteForward sites,
            SelfAttention attention);

    /** Computes what {@code text} keeps for the whole video, where it is not there yet, as a pass at {@code step} would. */
    default void prepareText(TextContext text, RolloutStep step, SiteForward sites) {}

    /** Sizes of the self-attention over latents of {@code height × width}; {@code IllegalArgumentException} where they do not split into patches. */
    AttentionShape attentionShape(long height, long width);

    /** All linear layers in forward order. */
    List<LinearSite> sites();

    /** The layers in full precision: weights and sums in their own types, see {@link PackedForward}. */
    SiteForward fullPrecision();

    /** Lets go of what passes keep beside the weights, such as copies in another order; not while a pass runs. */
    default void release() {}

    /** Weight {@code [out, in]} of a site. */
    Tensor weight(LinearSite site);

    /** Bias {@code [out]} of a site. */
    Tensor bias(LinearSite site);
}
