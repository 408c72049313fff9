package io.arvid.model.wan;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class FusedRowsTest {
    /** Both round at the same places; the sums before differ in their order, so that a value at a tie may go to its other neighbour: one unit. */
    private static final double ONE_UNIT = 0x1p-7;

    private static void requireEqual(Tensor fast, Tensor plain) {
        float[] a = Tensors.toFloats(fast);
        float[] b = Tensors.toFloats(plain);
        int different = 0;
        for (int i = 0; i < a.length; i++) {
            if (a[i] != b[i]) {
                different++;
                assertThat(Math.abs(a[i] - b[i])).isLessThanOrEqualTo((float) (ONE_UNIT * Math.abs(b[i]) + 1e-6));
            }
        }
        assertThat(different).isLessThan(a.length / 100 + 1);
    }

    private static Tensor bf16(Seeds seeds, double scale, long... shape) {
        return Ops.to(Ops.mul(seeds.normal(shape), scale), DTypes.BF16);
    }

    @Test
    void normEqualsItsPlainTwin() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(1)) {
            Tensor x = bf16(seeds, 3, 2, 37, 1536);
            Tensor weight = bf16(seeds, 1, 1536);
            Torch.withoutGradients(() -> {
                assertThat(FusedRows.fits(x)).isTrue();
                requireEqual(WanNorms.rms(x, weight, 1e-6), WanNorms.rmsByOperations(x, weight, 1e-6));
                return null;
            });
        }
    }

    @Test
    void rotationEqualsItsPlainTwin() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(2)) {
            Tensor x = bf16(seeds, 3, 2, 3 * 4 * 5, 12, 128);
            Tensor table = new WanRope(128).table(new int[] {7, 8, 9}, 4, 5);
            Torch.withoutGradients(() -> {
                requireEqual(WanRope.rotate(x, table), WanRope.rotateByOperations(x, table));
                return null;
            });
        }
    }

    @Test
    void zeroRowsStayZero() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor zeros = Tensors.zeros(DTypes.BF16, 1, 3, 64);
            Tensor ones = Tensors.ones(DTypes.BF16, 64);
            assertThat(Tensors.toFloats(WanNorms.rms(zeros, ones, 1e-6))).containsOnly(0f);
        }
    }

    @Test
    void float32AndOddWidthsTakeThePlainWay() {
        try (TensorScope scope = TensorScope.open()) {
            assertThat(FusedRows.fits(Tensors.zeros(DTypes.F32, 1, 64))).isFalse();
            assertThat(FusedRows.fits(Tensors.zeros(DTypes.BF16, 1, 6))).isFalse();
            assertThat(FusedRows.fits(Tensors.zeros(DTypes.BF16, 64, 4).t())).isFalse();
        }
    }
}
