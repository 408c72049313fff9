package io.arvid.quantize.fit;

import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/** Quantiles of rows, with linear interpolation. */
final class Quantiles {
    /** libtorch's quantile refuses larger tensors. */
    private static final long LIBTORCH_LIMIT = 16_000_000;

    private Quantiles() {}

    /**
     * Quantile {@code q} of each row of {@code rows} (float32 {@code [n, columns]}): {@code [n, 1]}.
     *
     * <p>As the official code does, large tensors take NumPy's percentile, whose rank and interpolation are in float64, and others libtorch's, whose
     * are in float32.
     */
    static Tensor ofRows(Tensor rows, double q) {
        return rows.numel() < LIBTORCH_LIMIT ? Ops.quantile(rows, q, 1) : likeNumpy(rows, q);
    }

    static Tensor likeNumpy(Tensor rows, double q) {
        Tensor sorted = Ops.sort(rows, 1);
        long last = rows.size(1) - 1;
        double rank = q * last;
        long below = (long) Math.floor(rank);
        Tensor low = Ops.toF64(Ops.slice(sorted, 1, below, below + 1));
        Tensor high = Ops.toF64(Ops.slice(sorted, 1, Math.min(below + 1, last), Math.min(below + 1, last) + 1));
        return Ops.toF32(low.add(Ops.mul(high.sub(low), rank - below)));
    }
}
