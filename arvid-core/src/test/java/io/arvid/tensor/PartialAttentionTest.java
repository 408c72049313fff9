package io.arvid.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class PartialAttentionTest {
    private static final int TILE = 7;

    /** As on a GPU, where libtorch's operator for the CPU is not to be had. */
    @Test
    void plainOperationsOfATileAreAttention() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            Tensor queries = seeds.normal(2, 3, 5, 16);
            Tensor keys = seeds.normal(2, 3, TILE, 16);
            Tensor values = seeds.normal(2, TILE, 3, 16).transpose(1, 2);
            Tensor[] tile = PartialAttention.byHeads(queries, keys, values);

            Tensor scores = Ops.toF64(queries).matmul(Ops.toF64(keys).transpose(2, 3));
            Tensor scaled = Ops.div(scores, 4);
            assertClose(tile[0], Ops.softmax(scaled, -1).matmul(Ops.toF64(values)));
            assertClose(tile[1], scaled.logsumexp(-1));
        }
    }

    @Test
    void tilesTogetherAreAttentionOverAllOfThem() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(5)) {
            Tensor queries = seeds.normal(1, 2, 5, 16);
            Tensor keys = seeds.normal(1, 2, 2 * TILE + 1, 16);
            Tensor values = seeds.normal(1, 2, 2 * TILE + 1, 16);
            try (PartialAttention attention = new PartialAttention(queries)) {
                for (long start = 0; start < keys.size(2); start += TILE) {
                    long end = Math.min(start + TILE, keys.size(2));
                    attention.add(Ops.slice(keys, 2, start, end), Ops.slice(values, 2, start, end), null);
                }
                assertClose(attention.result(), Ops.attention(queries, keys, values, null));
            }
        }
    }

    private static void assertClose(Tensor actual, Tensor expected) {
        assertThat(Tensors.shape(actual)).isEqualTo(Tensors.shape(expected));
        assertThat(Tensors.toFloats(actual)).containsExactly(Tensors.toFloats(expected), within(1e-5f));
    }
}
