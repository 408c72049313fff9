package io.arvid.kernel;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.onednn.Matmul;
import io.arvid.tensor.onednn.Onednn;
import io.arvid.tensor.onednn.WeightLayout;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Weight codes in oneDNN's order, multiplied by oneDNN, in slices of output channels. Codes of up to four bits stay packed two to a byte and are unpacked
 * one slice at a time.
 */
final class OnednnSegment extends WeightSegment {
    private static final long SLICE_BYTES = 4L << 20;
    private static final int SLICE_ALIGNMENT = 64;
    private static final int PACKED_BITS = 4;
    private static final int UNPACK_RUNS = 1024;
    private static final TileMemory UNPACKED = new TileMemory();

    /** A slice with its codes, which take {@code bytes} when they are unpacked. */
    private record Blocked(Slice slice, Tensor codes, long bytes) {}

    private final Onednn onednn;
    private final boolean packed;
    private final List<Blocked> slices = new ArrayList<>();

    OnednnSegment(Onednn onednn, Codes codes) {
        super(codes);
        this.onednn = onednn;
        this.packed = codes.bits() <= PACKED_BITS;
        int out = codes.outFeatures();
        int count = (int) Math.ceilDiv((long) out * columns(), SLICE_BYTES);
        int width = Math.ceilDiv(Math.ceilDiv(out, count), SLICE_ALIGNMENT) * SLICE_ALIGNMENT;
        for (int from = 0; from < out; from += width) {
            Slice slice = new Slice(from, Math.min(width, out - from));
            TensorScope.runAndFree(() -> slices.add(block(slice, take(codes, slice))));
        }
    }

    private Blocked block(Slice slice, Tensor codes) {
        WeightLayout layout = onednn.weightLayout(DTypes.I8, columns(), slice.count());
        long bytes = Math.ceilDiv(layout.bytes(), NibbleCodes.RUN) * NibbleCodes.RUN;
        Tensor blocked = Tensors.zeros(DTypes.I8, bytes);
        layout.block(codes.data_ptr().address(), blocked.data_ptr().address(), onednn);
        return new Blocked(slice, TensorScope.own(packed ? pack(blocked, bytes) : blocked), bytes);
    }

    private static Tensor pack(Tensor blocked, long bytes) {
        Tensor nibbles = Tensors.empty(DTypes.I8, bytes / 2);
        NibbleCodes.pack(
                blocked.data_ptr().address(), bytes, nibbles.data_ptr().address());
        return nibbles;
    }

    @Override
    void forEachSlice(SliceTask task) {
        for (Blocked blocked : slices) {
            task.run(
                    blocked.slice(),
                    packed ? unpacked(blocked) : blocked.codes().data_ptr().address());
        }
    }

    /** The codes, a byte each, in this thread's memory. */
    private static long unpacked(Blocked blocked) {
        long nibbles = blocked.codes().data_ptr().address();
        long bytes = UNPACKED.of(blocked.bytes());
        long step = (long) UNPACK_RUNS * NibbleCodes.RUN;
        RowTeam.run((int) Math.ceilDiv(blocked.bytes(), step), part -> {
            long from = part * step;
            NibbleCodes.unpack(nibbles + from / 2, Math.min(step, blocked.bytes() - from), bytes + from);
        });
        return bytes;
    }

    @Override
    void multiply(Slice slice, long weights, long a, int rows, long scales, long offsets, Target y) {
        DTypes target = y.bf16() ? DTypes.BF16 : DTypes.F32;
        onednn.matmul(new Matmul.Key(
                        DTypes.I8, target, rows, columns(), slice.count(), y.rowStride(), offsets != 0, false))
                .run(a, weights, scales, offsets, y.address());
    }

    @Override
    long codeBytes() {
        return slices.stream().mapToLong(blocked -> blocked.codes().nbytes()).sum();
    }

    @Override
    public void close() {
        slices.forEach(blocked -> blocked.codes().close());
        super.close();
    }
}
