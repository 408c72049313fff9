package io.arvid.model;

import org.bytedeco.pytorch.Tensor;

/** What the tokens of a pass attend to: themselves, a KV cache, a mask. Rotary positions are applied here, since they depend on it. */
@FunctionalInterface
public interface SelfAttention {
    /**
     * Attention output of one block.
     *
     * @param block index of the transformer block
     * @param step where in the roll-out
     * @param q normalized queries without rotary, {@code [B, L, heads, headDim]}
     * @param k normalized keys without rotary, same shape
     * @param v values, same shape
     * @return {@code [B, L, heads · headDim]}
     */
    Tensor attend(int block, RolloutStep step, Tensor q, Tensor k, Tensor v);
}
