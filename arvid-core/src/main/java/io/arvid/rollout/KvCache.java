package io.arvid.rollout;

import io.arvid.model.AttentionShape;
import io.arvid.tensor.DTypes;
import java.util.ArrayList;
import java.util.List;

/** Keys and values of every block, with the bookkeeping of their slots: what a video being rolled out remembers. */
public final class KvCache implements AutoCloseable {
    private final int slots;
    private final int tokensPerFrame;
    private final List<KvStore> stores = new ArrayList<>();
    private final List<SlotWindow> windows = new ArrayList<>();

    /**
     * An empty cache.
     *
     * @param config says how many frames it holds and which of them stay
     * @param shape sizes of the model's attention
     * @param frames latent frames of the whole video, given ones included
     * @param batch videos
     * @param type element type of keys and values
     * @param factory makes the store of a block
     */
    public KvCache(
            RolloutConfig config, AttentionShape shape, int frames, int batch, DTypes type, KvStore.Factory factory) {
        int heldFrames = config.isGlobal() ? frames : config.localAttentionFrames();
        this.tokensPerFrame = shape.tokensPerFrame();
        this.slots = heldFrames * tokensPerFrame;
        int sink = config.sinkFrames() * tokensPerFrame;
        for (int block = 0; block < shape.blocks(); block++) {
            stores.add(factory.create(new KvStore.Shape(block, batch, shape.heads(), slots, shape.headDim(), type)));
            windows.add(new SlotWindow(slots, sink, !config.isGlobal(), slots));
        }
    }

    /** Tokens that it holds. */
    public int slots() {
        return slots;
    }

    /** Tokens of a latent frame. */
    public int tokensPerFrame() {
        return tokensPerFrame;
    }

    /** Keys and values of {@code block}. */
    public KvStore store(int block) {
        return stores.get(block);
    }

    /** Slots of {@code block}. */
    public SlotWindow window(int block) {
        return windows.get(block);
    }

    /** Bytes of native memory in use. */
    public long bytes() {
        return stores.stream().mapToLong(KvStore::bytes).sum();
    }

    @Override
    public void close() {
        stores.forEach(KvStore::close);
    }
}
