package io.arvid.tensor;

import io.arvid.tensor.onednn.TiledAttention;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Softmax attention over keys and values that come tile by tile: each tile's attention is joined by the logarithm of its sum of exponentials, which is
 * exact. Tensors live until {@link #close}.
 */
public final class PartialAttention implements AutoCloseable {
    private static final class Holder {
        static final BoxedOp FLASH = BoxedOp.named("aten::_scaled_dot_product_flash_attention_for_cpu");
    }

    private final Tensor queries;
    private @Nullable Tensor output;
    private @Nullable Tensor logSum;

    /** Attention of {@code queries [B, H, L, D]}, scale 1/√D. */
    public PartialAttention(Tensor queries) {
        this.queries = queries;
    }

    /**
     * Takes a tile in.
     *
     * @param keys {@code [B, H, n, D]} in the type of the queries
     * @param values same shape and type
     * @param logShift float32 {@code [B, H, L]}, added to the logarithm of the tile's sum for each query; null for none
     */
    public void add(Tensor keys, Tensor values, @Nullable Tensor logShift) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor[] tile = tile(keys, values);
            Tensor sum = logShift == null ? tile[1] : tile[1].add(logShift);
            Tensor before = output;
            Tensor sumBefore = logSum;
            if (before == null || sumBefore == null) {
                output = TensorScope.own(Ops.copyF32(tile[0]));
                logSum = TensorScope.own(Ops.copyF32(sum));
                return;
            }
            Tensor share = sum.sub(sumBefore).sigmoid().unsqueeze(-1);
            before.lerp_(Ops.toF32(tile[0]), share);
            sumBefore.copy_(sumBefore.logaddexp(sum));
        }
    }

    /** Attention over one tile, and the logarithms of its sums of exponentials. */
    private Tensor[] tile(Tensor keys, Tensor values) {
        if (TiledAttention.takes(queries, keys, values)) {
            Tensor logSums = Tensors.empty(DTypes.F32, queries.size(0), queries.size(1), queries.size(2));
            return new Tensor[] {TiledAttention.attend(queries, keys, values, logSums), logSums};
        }
        return queries.is_cpu()
                ? Holder.FLASH.call(operand(queries), operand(keys), operand(values), 0.0, false, null, null)
                : byHeads(queries, keys, values);
    }

    /** The same in plain operations, a head at a time, wherever the tensors are: float32 {@code [B, H, L, D]} and {@code [B, H, L]}. */
    static Tensor[] byHeads(Tensor queries, Tensor keys, Tensor values) {
        double scale = 1 / Math.sqrt(queries.size(3));
        List<Tensor> outputs = new ArrayList<>();
        List<Tensor> logSums = new ArrayList<>();
        for (long head = 0; head < queries.size(1); head++) {
            try (TensorScope scope = TensorScope.open()) {
                Tensor scaled = Ops.mul(Ops.toF32(queries.select(1, head)), scale);
                Tensor scores = scaled.matmul(Ops.toF32(keys.select(1, head)).transpose(1, 2));
                Tensor logSum = scores.logsumexp(-1);
                Tensor shares = scores.sub_(logSum.unsqueeze(-1)).exp();
                outputs.add(scope.keep(shares.matmul(Ops.toF32(values.select(1, head)))));
                logSums.add(scope.keep(logSum));
            }
        }
        return new Tensor[] {Ops.stack(1, outputs), Ops.stack(1, logSums)};
    }

    /** In float32 where it is bfloat16 ({@link Ops#attention}); the channels of a head neighbours in memory, which the operator does not check. */
    private static Tensor operand(Tensor x) {
        Tensor wide = DTypes.of(x) == DTypes.BF16 ? Ops.toF32(x) : x;
        return wide.stride(-1) == 1 ? wide : wide.contiguous();
    }

    /** Attention over all tiles so far, {@code [B, H, L, D]} in the type of the queries, of the open scope; at least one tile was added. */
    public Tensor result() {
        if (output == null) {
            throw new IllegalStateException("attention over no keys");
        }
        return Ops.toTypeOf(Ops.copy(output), queries);
    }

    @Override
    public void close() {
        if (output != null && logSum != null) {
            output.close();
            logSum.close();
        }
    }
}
