package io.arvid.rollout;

import io.arvid.model.RolloutStep;
import io.arvid.model.TextContext;
import org.bytedeco.pytorch.Tensor;

/** Watches a roll-out. Tensors belong to the roll-out: copy what must outlive the call. */
public interface RolloutListener {
    /** Watches nothing. */
    RolloutListener NONE = new RolloutListener() {};

    /** A roll-out begins; cache and text stay valid until it ends and fill as it proceeds. */
    default void started(ChunkPlan plan, KvCache cache, TextContext text) {}

    /** A forward pass, of any kind, took {@code latents} to {@code flow}, both {@code [B, F, C, H, W]}. */
    default void passed(RolloutStep step, Tensor latents, Tensor flow) {}

    /** A denoising step predicted the clean latents {@code clean [B, F, C, H, W]}. */
    default void denoised(RolloutStep step, Tensor clean) {}

    /** The solver of the bidirectional model finished its step {@code index} at {@code latents [B, F, C, H, W]}. */
    default void solved(int index, Tensor latents) {}

    /** A generated chunk is finished and in the cache; {@code latents [B, F, C, H, W]}. */
    default void finished(ChunkPlan.Chunk chunk, Tensor latents) {}
}
