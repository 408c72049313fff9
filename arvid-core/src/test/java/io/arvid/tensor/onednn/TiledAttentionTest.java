package io.arvid.tensor.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Gradients;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TiledAttentionTest {
    private static final double F32_UNIT = 0x1p-24;
    private static final double BF16_UNIT = 0x1p-8;
    /** Of a power of two ({@code FloatLanes.powerOfTwo}). */
    private static final double POWER_ERROR = 3e-6;

    @BeforeEach
    void thereIsAFastProduct() {
        assumeTrue(Onednn.isFast(DTypes.BF16), "no products of bfloat16");
    }

    /** Queries, keys and values; those of the model lie token by token, those of a cache head by head. */
    private record Inputs(Tensor queries, Tensor keys, Tensor values) {
        static Inputs of(Seeds seeds, int batch, int heads, int lq, int lk, int dim, double size) {
            Tensor q = Ops.to(Ops.mul(seeds.normal(batch, lq, heads, dim), size), DTypes.BF16)
                    .transpose(1, 2);
            Tensor k = Ops.to(seeds.normal(batch, lk, heads, dim), DTypes.BF16).transpose(1, 2);
            Tensor v = Ops.to(seeds.normal(batch, heads, lk + 5, dim), DTypes.BF16);
            return new Inputs(q, k, Ops.slice(v, 2, 2, lk + 2));
        }

        Tensor scores(boolean magnitudes) {
            Tensor q = Ops.toF64(queries);
            Tensor k = Ops.toF64(keys);
            Tensor products = magnitudes ? q.abs().matmul(k.abs().transpose(2, 3)) : q.matmul(k.transpose(2, 3));
            return Ops.div(products, Math.sqrt(queries.size(3)));
        }
    }

    /**
     * A score is off by D sums and a few roundings, the exponential of it by that and its polynomial, twice where it is divided by the sum of all; then
     * exponentials and result are rounded to bfloat16.
     */
    @ParameterizedTest
    @CsvSource({
        "1, 2, 70, 70, 32, 1",
        "1, 3, 300, 1100, 128, 1",
        "2, 2, 64, 33, 64, 1",
        "1, 1, 600, 513, 128, 8",
        "1, 1, 65, 1, 64, 1"
    })
    void equalsAttentionInDoublePrecision(int batch, int heads, int lq, int lk, int dim, double size) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(lq + lk)) {
            Inputs in = Inputs.of(seeds, batch, heads, lq, lk, dim, size);
            Tensor logSums = Tensors.empty(DTypes.F32, batch, heads, lq);
            assertThat(TiledAttention.takes(in.queries, in.keys, in.values)).isTrue();
            Tensor actual = TiledAttention.attend(in.queries, in.keys, in.values, logSums);

            Tensor scores = in.scores(false);
            Tensor shares = Ops.softmax(scores, -1);
            Tensor v = Ops.toF64(in.values);
            Tensor exact = shares.matmul(v);
            double exponential = POWER_ERROR
                    + 2 * (dim + 6) * F32_UNIT * Tensors.item(in.scores(true).max());
            double sums = (lk + 10) * F32_UNIT;
            Tensor bound = Ops.mul(shares.matmul(v.abs()), BF16_UNIT + 2 * exponential + 2 * sums)
                    .add(Ops.mul(exact.abs(), BF16_UNIT));
            assertThat(Tensors.shape(actual)).isEqualTo(Tensors.shape(exact));
            requireWithin(actual, exact, bound);
            Tensor logSum = scores.logsumexp(-1);
            requireWithin(
                    logSums, logSum, Ops.add(Ops.mul(logSum.abs(), 4 * F32_UNIT), exponential + sums + 4 * F32_UNIT));
        }
    }

    private static void requireWithin(Tensor actual, Tensor expected, Tensor bound) {
        Tensor excess = Ops.toF64(actual).sub(expected).abs().sub(bound);
        assertThat(Tensors.item(excess.max())).isLessThanOrEqualTo(0);
    }

    @Test
    void theNumberOfThreadsDoesNotMatter() {
        int before = Torch.threads();
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(5)) {
            Inputs in = Inputs.of(seeds, 1, 2, 530, 700, 64, 1);
            Torch.setThreads(1);
            byte[] alone = Tensors.toBytes(Ops.attention(in.queries, in.keys, in.values, null));
            Torch.setThreads(2);
            assertThat(Tensors.toBytes(Ops.attention(in.queries, in.keys, in.values, null)))
                    .isEqualTo(alone);
        } finally {
            Torch.setThreads(before);
        }
    }

    @ParameterizedTest
    @CsvSource({"NaN, 0", "Infinity, 0", "NaN, 600", "Infinity, 699"})
    void whatIsNoNumberReachesTheOutput(float value, int key) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(7)) {
            Inputs in = Inputs.of(seeds, 1, 1, 64, 700, 64, 1);
            Ops.slice(in.keys, 2, key, key + 1).fill_(new Scalar(value));
            Tensor actual = Ops.attention(in.queries.abs(), in.keys, in.values, null);
            assertThat(Tensors.item(Ops.toF32(actual.isnan().all()))).isEqualTo(1);
        }
    }

    @Test
    void othersAreComputedInFloat32() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(6)) {
            Inputs in = Inputs.of(seeds, 1, 2, 64, 64, 32, 1);
            Tensor wide = Ops.toF32(in.queries);
            assertThat(TiledAttention.takes(wide, in.keys, in.values)).isFalse();
            Tensor few = Ops.slice(in.queries, 2, 0, 8);
            assertThat(TiledAttention.takes(few, in.keys, in.values)).isFalse();
            Tensor exact = Ops.softmax(Ops.slice(in.scores(false), 2, 0, 8), -1).matmul(Ops.toF64(in.values));
            requireWithin(
                    Ops.attention(few, in.keys, in.values, null),
                    exact,
                    Ops.add(Ops.mul(exact.abs(), BF16_UNIT), 1e-5));
            Tensor trained = Gradients.leaf(in.queries);
            Torch.withGradients(() -> assertThat(TiledAttention.takes(trained, in.keys, in.values))
                    .isFalse());
        }
    }
}
