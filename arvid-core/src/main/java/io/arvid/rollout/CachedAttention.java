package io.arvid.rollout;

import io.arvid.model.AttentionShape;
import io.arvid.model.RolloutStep;
import io.arvid.model.SelfAttention;
import org.bytedeco.pytorch.Tensor;

/**
 * Attention of a chunk to itself and to the earlier frames in a {@link KvCache}, without a mask. Keys are stored rotated to their absolute frame
 * (Self-Forcing {@code wan/modules/causal_model.py}).
 */
public final class CachedAttention implements SelfAttention, AutoCloseable {
    private final KvCache cache;
    private final FrameRotation rotation;

    /** Attention over {@code cache}, which its owner closes. */
    public CachedAttention(AttentionShape shape, KvCache cache) {
        this.cache = cache;
        this.rotation = new FrameRotation(shape);
    }

    @Override
    public Tensor attend(int block, RolloutStep step, Tensor q, Tensor k, Tensor v) {
        Tensor queries = rotation.rotate(q, step.startFrame(), step.frameCount());
        Tensor keys = rotation.rotate(k, step.startFrame(), step.frameCount());
        KvStore store = cache.store(block);
        SlotWindow.Placement place =
                cache.place(block, step.startFrame() * cache.tokensPerFrame(), Math.toIntExact(k.size(1)));
        store.write(place.start(), keys, v.transpose(1, 2));
        Tensor attended = store.attend(queries, place.readFrom(), place.end());
        cache.finish(block, place, step.isContext());
        return attended.transpose(1, 2).reshape(q.size(0), q.size(1), q.size(2) * q.size(3));
    }

    @Override
    public void close() {
        rotation.close();
    }
}
