package io.arvid.kernel;

import io.arvid.kernel.onednn.Onednn;
import io.arvid.kernel.onednn.WeightLayout;
import io.arvid.pack.PackedLayer;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Columns of a weight that share their scales, as oneDNN wants them, in slices of output channels. Codes of up to four bits stay packed two to a byte;
 * {@link #forEachSlice} unpacks one slice at a time. Holds native memory until it is closed.
 */
final class PackedSegment implements AutoCloseable {
    private static final long SLICE_BYTES = 4L << 20;
    private static final int SLICE_ALIGNMENT = 64;
    private static final int PACKED_BITS = 4;
    private static final int UNPACK_RUNS = 1024;
    private static final TileMemory UNPACKED = new TileMemory();

    /** Some output channels. */
    record Slice(int from, int count, Tensor codes, long blockedBytes) {}

    /** What is done with a slice and the address of its blocked int8 codes. */
    @FunctionalInterface
    interface SliceTask {
        void run(Slice slice, long weights);
    }

    private final int columns;
    private final boolean packed;
    private final List<Slice> slices = new ArrayList<>();
    private final Tensor scales;
    private final Tensor sums;
    private final Tensor zeros;
    private final boolean hasZeros;

    private PackedSegment(int columns, boolean packed, Tensor scales, Tensor sums, Tensor zeros) {
        this.columns = columns;
        this.packed = packed;
        this.scales = TensorScope.own(scales);
        this.sums = TensorScope.own(sums);
        this.zeros = TensorScope.own(zeros);
        this.hasZeros = Tensors.item(Ops.amax(zeros.abs(), false, 0)) > 0;
    }

    /** Kept columns {@code [columns[0], columns[1])} of {@code layer}. */
    static PackedSegment of(Onednn onednn, PackedLayer layer, int[] columns) {
        try (TensorScope scope = TensorScope.open()) {
            IntGrid grid = layer.grid();
            int middle = grid.symmetric() ? 0 : 1 << (grid.bits() - 1);
            boolean outliers = layer.outlierCount() > 0 && columns[0] == 0;
            Correction.DualScale dual =
                    layer.correction(Correction.DualScale.class).orElse(null);
            Tensor scales = outliers && dual != null ? dual.scales() : layer.scales();
            Tensor zeros = outliers && dual != null ? dual.zeros() : layer.zeros();
            Tensor kept = Ops.slice(layer.keptCodes(), 1, columns[0], columns[1]);
            Tensor centered = Ops.to(Ops.add(Ops.to(kept, DTypes.I16), -middle), DTypes.I8)
                    .contiguous();
            Tensor scale = Ops.copyF32(scales).reshape(-1);
            Tensor sum = Ops.toF32(Ops.sum(Ops.to(centered, DTypes.I32), false, 1)).mul(scale);
            Tensor zero = Ops.add(Ops.toF32(zeros).reshape(-1), -middle).mul(scale);
            PackedSegment segment =
                    new PackedSegment(columns[1] - columns[0], grid.bits() <= PACKED_BITS, scale, sum, zero);
            segment.block(onednn, centered);
            return segment;
        }
    }

    private void block(Onednn onednn, Tensor codes) {
        int out = Math.toIntExact(codes.size(0));
        int count = (int) Math.ceilDiv((long) out * columns, SLICE_BYTES);
        int width = Math.ceilDiv(Math.ceilDiv(out, count), SLICE_ALIGNMENT) * SLICE_ALIGNMENT;
        for (int from = 0; from < out; from += width) {
            int channels = Math.min(width, out - from);
            WeightLayout layout = onednn.weightLayout(columns, channels);
            long bytes = Math.ceilDiv(layout.bytes(), NibbleCodes.RUN) * NibbleCodes.RUN;
            Tensor blocked = Tensors.zeros(DTypes.I8, bytes);
            layout.block(
                    codes.data_ptr().address() + (long) from * columns, blocked.data_ptr().address(), onednn);
            slices.add(new Slice(from, channels, TensorScope.own(packed ? pack(blocked, bytes) : blocked), bytes));
        }
    }

    private static Tensor pack(Tensor blocked, long bytes) {
        Tensor nibbles = Tensors.empty(DTypes.I8, bytes / 2);
        NibbleCodes.pack(
                Tensors.toBytes(blocked), Math.toIntExact(bytes), nibbles.data_ptr().address());
        return nibbles;
    }

    /** Runs {@code task} on every slice, one after the other. */
    void forEachSlice(SliceTask task) {
        for (Slice slice : slices) {
            long codes = slice.codes().data_ptr().address();
            task.run(slice, packed ? unpacked(slice, codes) : codes);
        }
    }

    /** The codes of {@code slice}, a byte each, in this thread's memory. */
    private static long unpacked(Slice slice, long nibbles) {
        long bytes = UNPACKED.of(slice.blockedBytes());
        long step = (long) UNPACK_RUNS * NibbleCodes.RUN;
        RowTeam.run((int) Math.ceilDiv(slice.blockedBytes(), step), part -> {
            long from = part * step;
            NibbleCodes.unpack(nibbles + from / 2, Math.min(step, slice.blockedBytes() - from), bytes + from);
        });
        return bytes;
    }

    /** Columns of this segment. */
    int columns() {
        return columns;
    }

    /** Scale of each output channel, float32 {@code [out]}. */
    Tensor scales() {
        return scales;
    }

    /** Sum of each output channel's codes times its scale, float32 {@code [out]}. */
    Tensor sums() {
        return sums;
    }

    /** Distance of each output channel's zero point from the middle of the grid, times its scale, float32 {@code [out]}. */
    Tensor zeros() {
        return zeros;
    }

    /** True where some zero point is not in the middle of the grid. */
    boolean hasZeros() {
        return hasZeros;
    }

    /** Bytes of all tensors. */
    long bytes() {
        return slices.stream().mapToLong(slice -> slice.codes().nbytes()).sum()
                + scales.nbytes()
                + sums.nbytes()
                + zeros.nbytes();
    }

    @Override
    public void close() {
        slices.forEach(slice -> slice.codes().close());
        scales.close();
        sums.close();
        zeros.close();
    }
}
