package io.arvid.kernel;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.FreedMemory;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Memory for the weights of many layers, in pieces that come from the operating system and not from among what is given back while layers are made ready,
 * which would leave holes as large as the weights. A piece is claimed as it is written and goes with its last tensor; closing this only ends
 * handing out. Whenever a piece is full, what was given back since the last goes to the operating system.
 */
public final class WeightMemory implements AutoCloseable {
    /** Twice the largest size that the C library takes from its heap. */
    private static final long PIECE_BYTES = 64L << 20;

    private static final long ALIGNMENT = 64;

    private @Nullable Tensor piece;
    private long used;

    /** {@code bytes} of undefined content, int8; the caller closes it. */
    synchronized Tensor allocate(long bytes) {
        if (bytes > PIECE_BYTES / 2) {
            return TensorScope.run(() -> TensorScope.own(Tensors.empty(DTypes.I8, bytes)));
        }
        Tensor current = piece;
        if (current == null || used + bytes > PIECE_BYTES) {
            close();
            current = TensorScope.run(() -> TensorScope.own(Tensors.empty(DTypes.I8, PIECE_BYTES)));
            piece = current;
            used = 0;
        }
        Tensor claimed = current.narrow(0, used, bytes);
        used += Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
        return TensorScope.own(claimed);
    }

    @Override
    public synchronized void close() {
        if (piece != null) {
            piece.close();
            piece = null;
            FreedMemory.giveBack();
        }
    }
}
