package io.arvid.kernel;

import io.arvid.pack.PackedLayer;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * Columns of a weight that share their scales, and the product of input codes with them. Codes are kept around the middle of their grid, so that each fits
 * a signed byte. Holds native memory until it is closed.
 */
abstract class WeightSegment implements AutoCloseable {
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

    /** The segment of {@code codes}. */
    WeightSegment(Codes codes) {
        this.columns = Math.toIntExact(codes.centered().size(1));
        this.scales = TensorScope.own(codes.scales());
        this.sums = TensorScope.own(Ops.toF32(Ops.sum(Ops.to(codes.centered(), DTypes.I32), false, 1))
                .mul(scales));
        this.zeros = TensorScope.own(codes.zeros());
        this.hasZeros = Tensors.item(Ops.amax(zeros.abs(), false, 0)) > 0;
    }

    /**
     * Columns of a layer in the order in which it keeps them.
     *
     * @param centered codes less the middle of the grid, int8 {@code [out, columns]}
     * @param scales float32 {@code [out]}
     * @param zeros distance of the zero point from the middle, times the scale, float32 {@code [out]}
     * @param bits width of a code
     */
    record Codes(Tensor centered, Tensor scales, Tensor zeros, int bits) {
        /** Kept columns {@code [from, to)} of {@code layer}; the outliers' where {@code outliers}. Tensors belong to the open scope. */
        static Codes of(PackedLayer layer, int from, int to, boolean outliers) {
            IntGrid grid = layer.grid();
            int middle = grid.symmetric() ? 0 : 1 << (grid.bits() - 1);
            Correction.DualScale dual =
                    layer.correction(Correction.DualScale.class).orElse(null);
            Tensor scales = outliers && dual != null ? dual.scales() : layer.scales();
            Tensor zeros = outliers && dual != null ? dual.zeros() : layer.zeros();
            Tensor kept = Ops.slice(layer.keptCodes(), 1, from, to);
            Tensor centered = Ops.to(Ops.add(Ops.to(kept, DTypes.I16), -middle), DTypes.I8);
            Tensor scale = Ops.copyF32(scales).reshape(-1);
            Tensor zero = Ops.add(Ops.toF32(zeros).reshape(-1), -middle).mul(scale);
            return new Codes(centered.contiguous(), scale, zero, grid.bits());
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
