package io.arvid.quantize.adaround;

import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.bytedeco.pytorch.Tensor;

/**
 * A float32 matrix that vector loops read and write in place while libtorch multiplies it.
 *
 * @param tensor {@code [rows, columns]}, contiguous
 * @param memory its entries
 * @param columns entries of a row
 */
record Lanes(Tensor tensor, MemorySegment memory, int columns) implements AutoCloseable {
    static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /** Takes {@code tensor}, float32, out of the reach of every scope; copied where it is not contiguous. */
    static Lanes owning(Tensor tensor) {
        Tensor own = TensorScope.own(tensor.contiguous());
        return new Lanes(own, Tensors.memory(own), (int) own.size(-1));
    }

    /** Position of entry {@code (row, column)}. */
    long at(int row, int column) {
        return (long) row * columns + column;
    }

    /** Entries from {@code position} on; lanes outside {@code mask} are 0. */
    FloatVector load(long position, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(SPECIES, memory, position * Float.BYTES, ORDER, mask);
    }

    /** Overwrites the entries from {@code position} on in the lanes of {@code mask}. */
    void store(FloatVector values, long position, VectorMask<Float> mask) {
        values.intoMemorySegment(memory, position * Float.BYTES, ORDER, mask);
    }

    @Override
    public void close() {
        tensor.close();
    }
}
