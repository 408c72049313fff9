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
    private final long[] used;
    private long total;
    private long peakBytes;

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
        this(
                config.isGlobal() ? frames : config.localAttentionFrames(),
                config.sinkFrames(),
                !config.isGlobal(),
                shape,
                batch,
                type,
                factory);
    }

    /**
     * An empty cache of {@code heldFrames} latent frames, of which the first {@code sinkFrames} stay where {@code evicts} lets the oldest go when it is
     * full.
     */
    public KvCache(
            int heldFrames,
            int sinkFrames,
            boolean evicts,
            AttentionShape shape,
            int batch,
            DTypes type,
            KvStore.Factory factory) {
        this.tokensPerFrame = shape.tokensPerFrame();
        this.slots = heldFrames * tokensPerFrame;
        this.used = new long[shape.blocks()];
        int sink = sinkFrames * tokensPerFrame;
        for (int block = 0; block < shape.blocks(); block++) {
            stores.add(factory.create(new KvStore.Shape(block, batch, shape.heads(), slots, shape.headDim(), type)));
            windows.add(new SlotWindow(slots, sink, evicts, slots));
        }
    }

    /** Makes room in {@code block} for tokens {@code [globalStart, globalStart + count)} of the video, moving what stays. */
    SlotWindow.Placement place(int block, int globalStart, int count) {
        SlotWindow.Placement place = windows.get(block).place(globalStart, count);
        if (place.moved() > 0) {
            stores.get(block).move(place.moveFrom(), place.moveTo(), place.moved());
        }
        return place;
    }

    /** Ends a pass of {@code block} over {@code place}: its slots are final, or will be written again by the next pass. */
    void finish(int block, SlotWindow.Placement place, boolean isFinal) {
        KvStore store = stores.get(block);
        peakBytes = Math.max(peakBytes, total - used[block] + store.bytes());
        if (isFinal) {
            store.commit(place.start(), place.end());
        } else {
            store.release(place.start(), place.end());
        }
        total -= used[block];
        used[block] = store.bytes();
        total += used[block];
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

    /** Most bytes of native memory that were in use after a block had attended. */
    public long peakBytes() {
        return peakBytes;
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
