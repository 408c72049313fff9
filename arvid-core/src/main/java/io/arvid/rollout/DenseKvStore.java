package io.arvid.rollout;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** Keys and values as they come, {@code [B, heads, slots, headDim]}: any range of slots is a view that attention reads in place. */
public class DenseKvStore implements KvStore {
    private final Tensor keys;
    private final Tensor values;

    /** An empty store; its memory is claimed by the operating system as slots are written. */
    public DenseKvStore(Shape shape) {
        this.keys = empty(shape);
        this.values = empty(shape);
    }

    /** A store over tensors {@code [B, heads, slots, headDim]}, which it closes. */
    protected DenseKvStore(Tensor keys, Tensor values) {
        this.keys = TensorScope.own(keys);
        this.values = TensorScope.own(values);
    }

    private static Tensor empty(Shape shape) {
        return TensorScope.own(
                Tensors.empty(shape.type(), shape.batch(), shape.heads(), shape.slots(), shape.headDim()));
    }

    @Override
    public void write(int start, Tensor newKeys, Tensor newValues) {
        int end = start + Math.toIntExact(newKeys.size(2));
        keys(start, end).copy_(newKeys);
        values(start, end).copy_(newValues);
    }

    @Override
    public void move(int from, int to, int count) {
        keys(to, to + count).copy_(Ops.copy(keys(from, from + count)));
        values(to, to + count).copy_(Ops.copy(values(from, from + count)));
    }

    @Override
    public void commit(int start, int end) {
        // What came is what stays.
    }

    @Override
    public void release(int start, int end) {
        // All slots lie in one piece of memory.
    }

    @Override
    public Tensor attend(Tensor queries, int start, int end) {
        return Ops.attention(queries, keys(start, end), values(start, end), null);
    }

    @Override
    public Tensor keys(int start, int end) {
        return Ops.slice(keys, 2, start, end);
    }

    @Override
    public Tensor values(int start, int end) {
        return Ops.slice(values, 2, start, end);
    }

    @Override
    public long bytes() {
        return keys.nbytes() + values.nbytes();
    }

    @Override
    public void close() {
        keys.close();
        values.close();
    }
}
