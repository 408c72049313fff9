package io.arvid.weights;

import io.arvid.tensor.DTypes;
import java.lang.foreign.MemorySegment;

/**
 * A run of numbers in a PyTorch checkpoint, which one or several tensors look at.
 *
 * @param type element type
 * @param count number of elements
 * @param data {@code count} elements, mapped
 */
record TorchStorage(DTypes type, long count, MemorySegment data) {
    /** The same bytes as elements of {@code other}: untyped storages get their type from the tensor. */
    TorchStorage as(DTypes other) {
        return other == type ? this : new TorchStorage(other, data.byteSize() / other.bytes(), data);
    }
}
