package io.arvid.quantize.fit;

import io.arvid.tensor.Ops;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/** Quantiles of rows, with linear interpolation. */
final class Quantiles {
    /** libtorch's quantile refuses larger tensors. */
    private static final long LIBTORCH_LIMIT = 16_000_000;

    private Quantiles() {}

    /**
     * Quantiles {@code q} of each row of {@code rows} (float32 {@code [n, columns]}): {@code [n, 1]} each. Rows are sorted once.
     *
     * <p>As the official code does, large tensors take NumPy's percentile, whose rank and interpolation are in float64, and others libtorch's, whose
     * are in float32.
     */
    static List<Tensor> ofRows(Tensor rows, double... q) {
        return rows.numel() < LIBTORCH_LIMIT ? likeLibtorch(rows, q) : likeNumpy(rows, q);
    }

    static List<Tensor> likeLibtorch(Tensor rows, double... q) {
        float[] ranks = new float[q.length];
        for (int i = 0; i < q.length; i++) {
            ranks[i] = (float) q[i];
        }
        Tensor all = Ops.quantiles(rows, ranks, 1);
        return IntStream.range(0, q.length).mapToObj(i -> all.select(0, i)).toList();
    }

    static List<Tensor> likeNumpy(Tensor rows, double... q) {
        Tensor sorted = Ops.sort(rows, 1);
        return Arrays.stream(q).mapToObj(each -> likeNumpy(sorted, each)).toList();
    }

    private static Tensor likeNumpy(Tensor sorted, double q) {
        long last = sorted.size(1) - 1;
        double rank = q * last;
        long below = (long) Math.floor(rank);
        Tensor low = Ops.toF64(Ops.slice(sorted, 1, below, below + 1));
        Tensor high = Ops.toF64(Ops.slice(sorted, 1, Math.min(below + 1, last), Math.min(below + 1, last) + 1));
        return Ops.toF32(low.add(Ops.mul(high.sub(low), rank - below)));
    }
}
