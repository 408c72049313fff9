package io.arvid.rollout;

import io.arvid.model.AttentionShape;
import io.arvid.model.RolloutStep;
import io.arvid.model.SelfAttention;
import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/**
 * Attention of a rolling window: to itself, to the finished chunks before it, and to an anchor (Rolling Forcing, Causal-Forcing {@code
 * long_video/wan/modules/causal_model.py}).
 *
 * <p>Of a window, only the first chunk enters the cache. The first chunk of the video is the anchor: it stays, and is stored without rotary, so that a
 * window can see it as the chunk just before the past that it attends to. All other keys are stored rotated to their absolute frame. Keys in few bits take part
 * in a window as they are read back, without {@link io.arvid.rollout.kv.KvQuantization#correctsSoftmax() the correction} of their share.
 */
final class RollingAttention implements SelfAttention, AutoCloseable {
    private final KvCache cache;
    private final int chunkFrames;
    private final int attendedFrames;
    private final int denoisingPasses;
    private final FrameRotation rotation;
    private final FrameRotation anchorRotation;

    /**
     * Attention over {@code cache}, which its owner closes.
     *
     * @param chunkFrames latent frames of a chunk, and so of the anchor
     * @param attendedFrames latent frames that attention reads at most
     * @param denoisingPasses passes after which a chunk's cache entry is final
     */
    RollingAttention(AttentionShape shape, KvCache cache, int chunkFrames, int attendedFrames, int denoisingPasses) {
        this.cache = cache;
        this.chunkFrames = chunkFrames;
        this.attendedFrames = attendedFrames;
        this.denoisingPasses = denoisingPasses;
        this.rotation = new FrameRotation(shape);
        this.anchorRotation = new FrameRotation(shape);
    }

    @Override
    public Tensor attend(int block, RolloutStep step, Tensor q, Tensor k, Tensor v) {
        Tensor queries = rotation.rotate(q, step.startFrame(), step.frameCount());
        Tensor keys = rotation.rotate(k, step.startFrame(), step.frameCount());
        Tensor values = v.transpose(1, 2);
        KvStore store = cache.store(block);
        SlotWindow.Placement place = cache.place(block, tokens(step.startFrame()), tokens(chunkFrames));
        boolean isAnchor = place.start() == 0;
        store.write(place.start(), firstChunk(isAnchor ? k.transpose(1, 2) : keys), firstChunk(values));
        Tensor attended = isAnchor
                ? Ops.attention(queries, keys, values, null)
                : step.isContext()
                        ? attendCache(store, queries, place.end())
                        : attendWindow(store, step, queries, keys, values, place.start());
        cache.finish(block, place, step.isContext() && step.pass() == denoisingPasses);
        return attended.transpose(1, 2).reshape(q.size(0), q.size(1), q.size(2) * q.size(3));
    }

    /**
     * A finished chunk attends to the newest frames of the cache, itself among them. An anchor that is whole among them stands at frame 0; of one that is not,
     * nothing is read: it is stored without rotary. (The published sizes end behind it.)
     */
    private Tensor attendCache(KvStore store, Tensor queries, int end) {
        int from = Math.max(0, end - tokens(attendedFrames));
        if (from > 0) {
            return store.attend(queries, Math.max(from, tokens(chunkFrames)), end);
        }
        Tensor keys = Ops.cat(2, anchor(store, 0), store.keys(tokens(chunkFrames), end));
        return Ops.attention(queries, keys, store.values(0, end), null);
    }

    /** A window attends to the anchor, to as much of the past as is left to attend to, and to itself. */
    private Tensor attendWindow(
            KvStore store, RolloutStep step, Tensor queries, Tensor keys, Tensor values, int pastEnd) {
        int pastLimit = Math.max(0, tokens(attendedFrames - step.frameCount() - chunkFrames));
        int anchorEnd = tokens(chunkFrames);
        int pastStart = Math.max(anchorEnd, pastEnd - pastLimit);
        int pastFrames = (pastEnd - pastStart) / cache.tokensPerFrame();
        Tensor anchor = anchor(store, step.startFrame() - pastFrames - chunkFrames);
        Tensor allKeys = Ops.cat(2, anchor, store.keys(pastStart, pastEnd), keys);
        Tensor allValues = Ops.cat(2, store.values(0, anchorEnd), store.values(pastStart, pastEnd), values);
        return Ops.attention(queries, allKeys, allValues, null);
    }

    /** The anchor's keys as if it began at {@code startFrame}. */
    private Tensor anchor(KvStore store, int startFrame) {
        Tensor keys = store.keys(0, tokens(chunkFrames)).transpose(1, 2);
        return anchorRotation.rotate(keys, startFrame, chunkFrames);
    }

    private Tensor firstChunk(Tensor tokens) {
        return Ops.slice(tokens, 2, 0, tokens(chunkFrames));
    }

    private int tokens(int frames) {
        return frames * cache.tokensPerFrame();
    }

    @Override
    public void close() {
        rotation.close();
        anchorRotation.close();
    }
}
