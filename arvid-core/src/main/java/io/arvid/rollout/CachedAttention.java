package io.arvid.rollout;

import io.arvid.model.AttentionShape;
import io.arvid.model.RolloutStep;
import io.arvid.model.SelfAttention;
import io.arvid.model.wan.WanRope;
import io.arvid.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Attention of a chunk to itself and to the earlier frames in a {@link KvCache}, without a mask. Keys are stored rotated to their absolute frame
 * (Self-Forcing {@code wan/modules/causal_model.py}).
 */
public final class CachedAttention implements SelfAttention, AutoCloseable {
    private final AttentionShape shape;
    private final KvCache cache;
    private final WanRope rope;
    private @Nullable Tensor rotation;
    private int rotationStart = -1;
    private int rotationFrames;

    /** Attention over {@code cache}, which its owner closes. */
    public CachedAttention(AttentionShape shape, KvCache cache) {
        this.shape = shape;
        this.cache = cache;
        this.rope = new WanRope(shape.headDim());
    }

    @Override
    public Tensor attend(int block, RolloutStep step, Tensor q, Tensor k, Tensor v) {
        Tensor rotation = rotation(step);
        Tensor queries = WanRope.rotate(q, rotation).transpose(1, 2);
        Tensor keys = WanRope.rotate(k, rotation).transpose(1, 2);
        KvStore store = cache.store(block);
        SlotWindow.Placement place =
                cache.window(block).place(step.startFrame() * cache.tokensPerFrame(), Math.toIntExact(k.size(1)));
        if (place.moved() > 0) {
            store.move(place.moveFrom(), place.moveTo(), place.moved());
        }
        store.write(place.start(), keys, v.transpose(1, 2));
        Tensor attended = store.attend(queries, place.readFrom(), place.end());
        if (step.isContext()) {
            store.commit(place.start(), place.end());
        }
        return attended.transpose(1, 2).reshape(q.size(0), q.size(1), q.size(2) * q.size(3));
    }

    /** Rotary table of the step's frames; the passes of a chunk share it. */
    private Tensor rotation(RolloutStep step) {
        Tensor known = rotation;
        if (known != null && rotationStart == step.startFrame() && rotationFrames == step.frameCount()) {
            return known;
        }
        close();
        int[] frames = WanRope.frames(step.startFrame(), step.frameCount());
        Tensor made = TensorScope.own(rope.table(frames, shape.rows(), shape.columns()));
        rotation = made;
        rotationStart = step.startFrame();
        rotationFrames = step.frameCount();
        return made;
    }

    @Override
    public void close() {
        if (rotation != null) {
            rotation.close();
            rotation = null;
        }
    }
}
