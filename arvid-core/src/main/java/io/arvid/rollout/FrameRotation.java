package io.arvid.rollout;

import io.arvid.model.AttentionShape;
import io.arvid.model.wan.WanRope;
import io.arvid.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The rotary table of some consecutive frames, remembered until other frames are asked for: all blocks and the passes of a chunk share it. */
final class FrameRotation implements AutoCloseable {
    private final AttentionShape shape;
    private final WanRope rope;
    private @Nullable Tensor table;
    private int start;
    private int count;

    FrameRotation(AttentionShape shape) {
        this.shape = shape;
        this.rope = new WanRope(shape.headDim());
    }

    /** Queries or keys {@code [B, L, heads, headDim]} of {@code frames} latent frames from {@code startFrame}, rotated: {@code [B, heads, L, headDim]}. */
    Tensor rotate(Tensor x, int startFrame, int frames) {
        return WanRope.rotate(x, table(startFrame, frames)).transpose(1, 2);
    }

    private Tensor table(int startFrame, int frames) {
        Tensor known = table;
        if (known != null && start == startFrame && count == frames) {
            return known;
        }
        close();
        Tensor made = TensorScope.own(rope.table(WanRope.frames(startFrame, frames), shape.rows(), shape.columns()));
        table = made;
        start = startFrame;
        count = frames;
        return made;
    }

    @Override
    public void close() {
        if (table != null) {
            table.close();
            table = null;
        }
    }
}
