package io.arvid.model.wan;

import io.arvid.model.RolloutStep;
import io.arvid.model.SelfAttention;
import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Attention of all tokens of a pass among themselves: the bidirectional model, or, with a mask, teacher forcing.
 *
 * @param rope rotary embedding
 * @param frames position in time of each latent frame of the pass
 * @param height rows of tokens in a frame
 * @param width columns of tokens in a frame
 * @param mask true where a query (row) may see a key (column), {@code [L, L]}; null where all may see all
 */
public record FullAttention(
        WanRope rope,
        int[] frames,
        int height,
        int width,
        @Nullable Tensor mask) implements SelfAttention {
    @Override
    public Tensor attend(int block, RolloutStep step, Tensor q, Tensor k, Tensor v) {
        Tensor queries = rope.apply(q, frames, height, width).transpose(1, 2);
        Tensor keys = rope.apply(k, frames, height, width).transpose(1, 2);
        Tensor attended = Ops.attention(queries, keys, v.transpose(1, 2), mask);
        return attended.transpose(1, 2).reshape(q.size(0), q.size(1), q.size(2) * q.size(3));
    }
}
