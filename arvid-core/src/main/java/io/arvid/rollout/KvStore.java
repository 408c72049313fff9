package io.arvid.rollout;

import io.arvid.tensor.DTypes;
import org.bytedeco.pytorch.Tensor;

/**
 * Keys and values of one block in numbered slots. Which slot holds what is decided by {@link SlotWindow}; a store may keep them in any form.
 *
 * <p>A chunk is written once a pass and overwrites itself until its context pass, after which {@link #commit} says that its slots are final: a store
 * that quantizes does so there, and keeps what is not committed as it came until {@link #release}. {@link #move} and {@link #attend} see both kinds of
 * slots.
 */
public interface KvStore extends AutoCloseable {
    /**
     * Sizes of a store.
     *
     * @param block index of the transformer block
     * @param batch videos
     * @param heads attention heads
     * @param slots tokens that it holds
     * @param headDim channels of a head
     * @param type element type of keys and values
     */
    record Shape(int block, int batch, int heads, int slots, int headDim, DTypes type) {}

    /** Makes the store of a block. */
    @FunctionalInterface
    interface Factory {
        /** An empty store. */
        KvStore create(Shape shape);
    }

    /** Writes keys (rotated) and values, each {@code [B, heads, L, headDim]}, to slots {@code [start, start + L)}. */
    void write(int start, Tensor keys, Tensor values);

    /** Copies slots {@code [from, from + count)} to {@code [to, to + count)}, which may overlap. */
    void move(int from, int to, int count);

    /** Slots {@code [start, end)} will not be written again before they move or the store closes. */
    void commit(int start, int end);

    /**
     * Slots {@code [start, end)}, written and not committed, will be written again before they are read: their memory may serve another block in the
     * meantime.
     */
    void release(int start, int end);

    /** Softmax attention of queries {@code [B, heads, L, headDim]} over slots {@code [start, end)}: {@code [B, heads, L, headDim]}. */
    Tensor attend(Tensor queries, int start, int end);

    /** Keys of slots {@code [start, end)}, {@code [B, heads, end − start, headDim]}, as attention sees them. */
    Tensor keys(int start, int end);

    /** Values of slots {@code [start, end)}, {@code [B, heads, end − start, headDim]}, as attention sees them. */
    Tensor values(int start, int end);

    /** Bytes of native memory that the slots in use take. */
    long bytes();

    @Override
    void close();
}
