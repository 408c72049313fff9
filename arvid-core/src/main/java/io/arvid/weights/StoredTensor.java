package io.arvid.weights;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/**
 * A tensor as a PyTorch checkpoint describes it: a strided view of a storage that is not read before {@link #load}.
 *
 * @param storage what it looks at
 * @param offset first element in the storage
 * @param shape sizes
 * @param strides elements between neighbours along each dimension
 */
record StoredTensor(TorchStorage storage, long offset, long[] shape, long[] strides) {
    /** A view that repeats elements (a stride of 0, or overlapping windows) may not grow beyond this many, or beyond its storage. */
    private static final long MAX_REPEATED = 1L << 20;

    /** No tensor has more. */
    static final int MAX_DIMENSIONS = 16;

    /** What is wrong with this view, or an empty string where it lies inside its storage. */
    String defect() {
        if (shape.length != strides.length || shape.length > MAX_DIMENSIONS) {
            return "a tensor of " + shape.length + " sizes and " + strides.length + " strides";
        }
        String what = "a tensor of shape " + Arrays.toString(shape) + ", strides " + Arrays.toString(strides)
                + ", at element " + offset + " of " + storage.count();
        try {
            long elements = 1;
            long last = offset;
            for (int i = 0; i < shape.length; i++) {
                if (shape[i] < 0 || strides[i] < 0) {
                    return what;
                }
                elements = Math.multiplyExact(elements, shape[i]);
                last = Math.addExact(last, Math.multiplyExact(Math.max(shape[i] - 1, 0), strides[i]));
            }
            boolean inside = offset >= 0 && (elements == 0 ? offset <= storage.count() : last < storage.count());
            return inside && elements <= Math.max(MAX_REPEATED, storage.count()) ? "" : what;
        } catch (ArithmeticException e) {
            return what;
        }
    }

    /** Number type. */
    DTypes type() {
        return storage.type();
    }

    /**
     * The tensor: a view of the mapping where it is contiguous and aligned, otherwise a contiguous copy.
     *
     * @param arena owner of the memory of copies that alignment makes necessary
     */
    Tensor load(Arena arena) {
        if (Arrays.stream(shape).anyMatch(size -> size == 0)) {
            return Tensors.zeros(type(), shape);
        }
        MemorySegment data = storage.data().asSlice(offset * type().bytes());
        if (data.address() % type().bytes() != 0) {
            long span = 1;
            for (int i = 0; i < shape.length; i++) {
                span += (shape[i] - 1) * strides[i];
            }
            long bytes = span * type().bytes();
            data = arena.allocate(bytes, 64).copyFrom(data.asSlice(0, bytes));
        }
        Tensor view = Tensors.view(data, type(), shape, strides);
        return view.is_contiguous() ? view : TensorScope.run(view::contiguous);
    }
}
