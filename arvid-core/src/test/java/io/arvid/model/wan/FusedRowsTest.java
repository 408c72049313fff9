package io.arvid.model.wan;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Gradients;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
    void oddWidthsGapsAndOtherTypesTakeThePlainWay() {
        try (TensorScope scope = TensorScope.open()) {
            assertThat(FusedRows.fits(Tensors.zeros(DTypes.F32, 1, 7))).isFalse();
            assertThat(FusedRows.fits(Tensors.zeros(DTypes.BF16, 1, 6))).isFalse();
            assertThat(FusedRows.fits(Tensors.zeros(DTypes.BF16, 64, 4).t())).isFalse();
            assertThat(FusedRows.fits(Tensors.zeros(DTypes.F64, 1, 64))).isFalse();
            assertThat(FusedRows.fitF32(Tensors.zeros(DTypes.F32, 64), Tensors.zeros(DTypes.BF16, 64)))
                    .isFalse();
        }
    }

    /** Sums of a row of n values are off by at most n·2⁻²⁴ of the sum of magnitudes, and a handful of operations follow. */
    private static void requireClose(Tensor fast, Tensor plain, long width) {
        double largest = Tensors.item(plain.abs().max());
        double bound = (width + 8) * 0x1p-24 * largest;
        assertThat(Tensors.shape(fast)).isEqualTo(Tensors.shape(plain));
        assertThat(Tensors.item(fast.sub(plain).abs().max())).isLessThanOrEqualTo(bound);
    }

    @Test
    void float32NormsEqualTheirPlainTwins() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            Tensor x = Ops.mul(seeds.normal(2, 37, 192), 3);
            Tensor weight = seeds.normal(192);
            Tensor bias = seeds.normal(192);
            Torch.withoutGradients(() -> {
                assertThat(FusedRows.fitF32(x, weight, bias)).isTrue();
                requireClose(WanNorms.rms(x, weight, 1e-6), WanNorms.rmsByOperations(x, weight, 1e-6), 192);
                requireClose(WanNorms.layer(x, weight, bias, 1e-6), Ops.layerNorm(x, weight, bias, 1e-6), 192);
                return null;
            });
        }
    }

    @Test
    void float32RotationEqualsItsPlainTwin() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(4)) {
            Tensor x = seeds.normal(2, 3 * 4 * 5, 6, 32);
            Tensor table = new WanRope(32).table(new int[] {7, 8, 9}, 4, 5);
            Torch.withoutGradients(() -> {
                assertThat(FusedRows.fits(x)).isTrue();
                requireClose(WanRope.rotate(x, table), WanRope.rotateByOperations(x, table), 2);
                return null;
            });
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 3", "2, 1", "2, 3"})
    void modulationEqualsItsPlainTwin(int batch, int frames) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(5)) {
            Tensor x = seeds.normal(batch, 12, 64);
            Tensor branch = seeds.normal(batch, 12, 64);
            Tensor rows = seeds.normal(batch, frames, 6, 64);
            Torch.withoutGradients(() -> {
                requireClose(
                        WanNorms.modulated(x, rows, 3, 4, 1e-6),
                        WanNorms.modulatedByOperations(x, rows.select(2, 3), rows.select(2, 4), 1e-6),
                        64);
                requireClose(
                        WanNorms.addGated(x, branch, rows, 5),
                        WanNorms.addGatedByOperations(x, branch, rows.select(2, 5)),
                        2);
                return null;
            });
        }
    }

    /** The first calls are interpreted, the last ones compiled. */
    @Test
    void compilingChangesNoBit() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(7)) {
            Tensor x = seeds.normal(1, 8, 64);
            Tensor weight = seeds.normal(64);
            byte[] norm = Tensors.toBytes(FusedRows.rms(x, weight, 1e-6));
            byte[] layer = Tensors.toBytes(FusedRows.layer(x, weight, weight, 1e-6));
            for (int i = 0; i < 3000; i++) {
                TensorScope.runAndFree(() -> {
                    FusedRows.rms(x, weight, 1e-6);
                    FusedRows.layer(x, weight, weight, 1e-6);
                });
            }
            assertThat(Tensors.toBytes(FusedRows.rms(x, weight, 1e-6))).isEqualTo(norm);
            assertThat(Tensors.toBytes(FusedRows.layer(x, weight, weight, 1e-6)))
                    .isEqualTo(layer);
        }
    }

    @Test
    void gradientsTakeThePlainWay() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(6)) {
            Tensor x = Gradients.leaf(seeds.normal(1, 4, 64));
            Tensor rows = seeds.normal(1, 1, 2, 64);
            Torch.withGradients(() -> {
                assertThat(FusedRows.fits(x)).isFalse();
                assertThat(WanNorms.modulated(x, rows, 0, 1, 1e-6).requires_grad())
                        .isTrue();
                return null;
            });
        }
    }
}
