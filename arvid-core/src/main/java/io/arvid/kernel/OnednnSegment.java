package io.arvid.kernel;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.onednn.Matmul;
import io.arvid.tensor.onednn.Onednn;
import io.arvid.tensor.onednn.RowTeam;
import io.arvid.tensor.onednn.TileMemory;
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

    /** A slice, where its codes are, and what they take when they are unpacked. */
    private record Blocked(Slice slice, long codes, long bytes) {}

    private final Onednn onednn;
    private final boolean packed;
    private final Tensor codes;
    private final List<Blocked> slices = new ArrayList<>();

    OnednnSegment(Onednn onednn, Codes codes, WeightMemory memory) {
        super(codes);
        this.onednn = onednn;
        this.packed = codes.bits() <= PACKED_BITS;
        int out = codes.outFeatures();
        int count = (int) Math.ceilDiv((long) out * columns(), SLICE_BYTES);
        int width = Math.ceilDiv(Math.ceilDiv(out, count), SLICE_ALIGNMENT) * SLICE_ALIGNMENT;
        long held = 0;
        for (int from = 0; from < out; from += width) {
            held += heldBytes(bytes(Math.min(width, out - from)));
        }
        this.codes = memory.allocate(held);
        long at = this.codes.data_ptr().address();
        for (int from = 0; from < out; from += width) {
            Slice slice = new Slice(from, Math.min(width, out - from));
            Blocked blocked = new Blocked(slice, at, bytes(slice.count()));
            slices.add(blocked);
            at += heldBytes(blocked.bytes());
            TensorScope.runAndFree(() -> block(blocked, take(codes, slice)));
        }
    }

    private long bytes(int count) {
        long bytes = onednn.weightLayout(DTypes.I8, columns(), count).bytes();
        return Math.ceilDiv(bytes, NibbleCodes.RUN) * NibbleCodes.RUN;
    }

    private long heldBytes(long bytes) {
        return packed ? bytes / 2 : bytes;
    }

    private void block(Blocked target, Tensor centered) {
        WeightLayout layout =
                onednn.weightLayout(DTypes.I8, columns(), target.slice().count());
        if (!packed) {
            layout.block(centered.data_ptr().address(), target.codes(), onednn);
            return;
        }
        Tensor blocked = Tensors.zeros(DTypes.I8, target.bytes());
        layout.block(centered.data_ptr().address(), blocked.data_ptr().address(), onednn);
        NibbleCodes.pack(blocked.data_ptr().address(), target.bytes(), target.codes());
    }

    @Override
    void forEachSlice(SliceTask task) {
        for (Blocked blocked : slices) {
            task.run(blocked.slice(), packed ? unpacked(blocked) : blocked.codes());
        }
    }

    /** The codes, a byte each, in this thread's memory. */
    private static long unpacked(Blocked blocked) {
        long nibbles = blocked.codes();
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
        return codes.nbytes();
    }

    @Override
    public void close() {
        codes.close();
        super.close();
    }
}
