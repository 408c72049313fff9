package io.arvid.model.wan;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * T5's additive attention bias: a learned number for each head and each bucket of relative positions, whose buckets widen with distance
 * (Wan2.1 {@code wan/modules/t5.py} T5RelativeEmbedding).
 */
public final class RelativePositionBias {
    /** From this distance on all positions share the last bucket. */
    private static final int MAX_DISTANCE = 128;

    private RelativePositionBias() {}

    /**
     * Bias of {@code queries × keys} positions, in both directions.
     *
     * @param table {@code [buckets, heads]}
     * @return {@code [1, heads, queries, keys]}
     */
    public static Tensor of(Tensor table, long queries, long keys) {
        Tensor offset = Tensors.arange(DTypes.I64, keys)
                .unsqueeze(0)
                .sub(Tensors.arange(DTypes.I64, queries).unsqueeze(1));
        Tensor buckets = bucket(offset, Math.toIntExact(table.size(0)), true);
        return table.index_select(0, buckets.reshape(-1))
                .reshape(queries, keys, table.size(1))
                .permute(2, 0, 1)
                .unsqueeze(0);
    }

    /**
     * Bucket of each offset: the first half of the buckets holds one distance each, the second half grows logarithmically up to
     * {@link #MAX_DISTANCE}. The logarithm is float32, as in the reference, because its rounding decides at the edges.
     *
     * @param offset key position minus query position, int64 {@code [..]}
     * @param buckets number of buckets
     * @param bothDirections true where the upper half of the buckets is for keys after the query; false where such keys count as distance 0
     * @return int64 {@code [..]}
     */
    public static Tensor bucket(Tensor offset, int buckets, boolean bothDirections) {
        int perDirection = bothDirections ? buckets / 2 : buckets;
        int exact = perDirection / 2;
        Tensor signed = Ops.toF32(offset);
        Tensor distance = bothDirections ? signed.abs() : Ops.clampMin(signed.neg(), 0);
        Tensor growth =
                Ops.div(Ops.div(Ops.clampMin(distance, exact), exact).log(), Math.log((double) MAX_DISTANCE / exact));
        Tensor far = Ops.clamp(Ops.add(Ops.mul(growth, perDirection - exact).trunc(), exact), 0, perDirection - 1);
        Tensor near = distance.lt(new Scalar((double) exact));
        Tensor bucket = Ops.to(Ops.where(near, distance, far), DTypes.I64);
        return bothDirections
                ? bucket.add(Ops.to(signed.gt(new Scalar(0.0)), DTypes.I64).mul(new Scalar((long) perDirection)))
                : bucket;
    }
}
