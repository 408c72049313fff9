package io.arvid.kernel;

import io.arvid.pack.PackedLayer;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Columns of a weight that share their scales, and the product of input codes with them. Codes are kept around the middle of their grid, so that each fits
 * a signed byte. Holds native memory until it is closed.
 */
abstract class WeightSegment implements AutoCloseable {
    private static final int SUMMED_CODES = 1 << 20;

    private final int columns;
    private final Tensor scales;
    private final Tensor sums;
    private final Tensor zeros;
    private final boolean hasZeros;

    /** Output channels {@code [from, from + count)}. */
    record Slice(int from, int count) {}

    /** What is done with a slice and the address of its codes. */
    @FunctionalInterface
    interface SliceTask {
        void run(Slice slice, long weights);
    }

    /**
     * Where a tile goes.
     *
     * @param address of its first value
     * @param rowStride values between rows
     * @param bf16 true for bfloat16, false for float32
     */
    record Target(long address, int rowStride, boolean bf16) {}

    /** The segment of {@code codes}, each slice of which the subclass must {@link #take}. */
    WeightSegment(Codes codes) {
        this.columns = codes.columns();
        this.scales = TensorScope.own(codes.scales());
        this.sums = TensorScope.own(Tensors.empty(DTypes.F32, codes.outFeatures()));
        this.zeros = TensorScope.own(codes.zeros());
        this.hasZeros = Tensors.item(Ops.amax(zeros.abs(), false, 0)) > 0;
    }

    /** Codes of a slice less the middle of their grid, int8 {@code [count, columns]}, whose sums are noted: for once for every slice. */
    final Tensor take(Codes codes, Slice slice) {
        Tensor centered = codes.centered(slice.from(), slice.from() + slice.count());
        int rows = Math.max(1, SUMMED_CODES / columns);
        for (int from = 0; from < slice.count(); from += rows) {
            int first = from;
            int count = Math.min(rows, slice.count() - from);
            TensorScope.runAndFree(() -> {
                Tensor sum = Ops.toF32(Ops.sum(centered.narrow(0, first, count), false, 1));
                int at = slice.from() + first;
                sums.narrow(0, at, count).copy_(sum.mul(scales.narrow(0, at, count)));
            });
        }
        return centered;
    }

    /**
     * Columns of a layer in the order in which it keeps them.
     *
     * @param layer the layer
     * @param from first kept column
     * @param to end of the kept columns
     * @param scales float32 {@code [out]}
     * @param zeros distance of the zero point from the middle, times the scale, float32 {@code [out]}
     */
    record Codes(PackedLayer layer, int from, int to, Tensor scales, Tensor zeros) {
        /** Kept columns {@code [from, to)} of {@code layer}; the outliers' where {@code outliers}. Tensors belong to the open scope. */
        static Codes of(PackedLayer layer, int from, int to, boolean outliers) {
            Correction.DualScale dual =
                    layer.correction(Correction.DualScale.class).orElse(null);
            Tensor scales = outliers && dual != null ? dual.scales() : layer.scales();
            Tensor zeros = outliers && dual != null ? dual.zeros() : layer.zeros();
            Tensor scale = Ops.copyF32(scales).reshape(-1);
            Tensor zero =
                    Ops.add(Ops.toF32(zeros).reshape(-1), -middle(layer.grid())).mul(scale);
            return new Codes(layer, from, to, scale, zero);
        }

        private static int middle(IntGrid grid) {
            return grid.symmetric() ? 0 : 1 << (grid.bits() - 1);
        }

        int outFeatures() {
            return layer.outFeatures();
        }

        int columns() {
            return to - from;
        }

        int bits() {
            return layer.grid().bits();
        }

        /**
         * Codes of rows {@code [first, end)} less the middle of the grid, int8 {@code [end − first, columns]}, contiguous; without wider numbers on the way: what
         * falls below 0 as an unsigned byte is the signed one. Made for some rows at a time, so that a large layer needs little beside itself.
         */
        Tensor centered(int first, int end) {
            return TensorScope.run(() -> {
                Tensor kept = Ops.slice(layer.keptCodes(first, end), 1, from, to);
                Tensor centered = layer.grid().symmetric()
                        ? kept
                        : Ops.reinterpret(kept.sub(new Scalar(middle(layer.grid()))), DTypes.I8);
                return centered.contiguous();
            });
        }
    }

    /** Runs {@code task} on every slice of the output channels, one after the other. */
    abstract void forEachSlice(SliceTask task);

    /**
     * {@code y = (a · wᵀ)·scales (+ offsets)} for some rows and one slice.
     *
     * @param a unsigned bytes {@code [rows, columns]}
     * @param weights what {@link #forEachSlice} gave
     * @param scales float32, of the slice
     * @param offsets float32, of the slice; 0 for none
     */
    abstract void multiply(Slice slice, long weights, long a, int rows, long scales, long offsets, Target y);

    /** Columns of this segment. */
    final int columns() {
        return columns;
    }

    /** Scale of each output channel, float32 {@code [out]}. */
    final Tensor scales() {
        return scales;
    }

    /** Sum of each output channel's codes times its scale, float32 {@code [out]}. */
    final Tensor sums() {
        return sums;
    }

    /** Distance of each output channel's zero point from the middle of the grid, times its scale, float32 {@code [out]}. */
    final Tensor zeros() {
        return zeros;
    }

    /** True where some zero point is not in the middle of the grid. */
    final boolean hasZeros() {
        return hasZeros;
    }

    /** Bytes of the codes. */
    abstract long codeBytes();

    /** Bytes of all tensors. */
    final long bytes() {
        return codeBytes() + scales.nbytes() + sums.nbytes() + zeros.nbytes();
    }

    @Override
    public void close() {
        scales.close();
        sums.close();
        zeros.close();
    }
}
