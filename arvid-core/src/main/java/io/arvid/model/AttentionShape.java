package io.arvid.model;

/**
 * Sizes of a model's self-attention for latents of one height and width.
 *
 * @param blocks transformer blocks
 * @param heads attention heads
 * @param headDim channels of a head
 * @param rows rows of tokens in a latent frame
 * @param columns columns of tokens in a latent frame
 */
public record AttentionShape(int blocks, int heads, int headDim, int rows, int columns) {
    /** Tokens of a latent frame. */
    public int tokensPerFrame() {
        return rows * columns;
    }
}
