package io.arvid.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The fast passes over memory against their plain twins. */
class RowPassesTest {
    private static final int COUNT = 1013;

    @ParameterizedTest
    @CsvSource({
        "0.0313,124,8,false",
        "0.25,0,8,true",
        "0.1,-30,6,false",
        "0.0625,300,4,false",
        "1e-8,5,8,false",
        "1e-8,1e8,8,false",
        "3e-39,0,8,true"
    })
    void roundingIsDivisionAndTheNearestEvenInteger(float step, float zero, int bits, boolean symmetric) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(1)) {
            Tensor x = Ops.mul(seeds.normal(COUNT), 3);
            // Exact halves of a step, and values far beyond the grid.
            Ops.slice(x, 0, 0, 400).copy_(Ops.mul(Ops.add(Tensors.arange(DTypes.F32, 400), -199.5), step));
            Ops.slice(x, 0, 400, 404).copy_(Tensors.of(new float[] {1e30f, -1e30f, 1e9f, -1e9f}, 4));
            ByteGrid grid = ByteGrid.of(new IntGrid(bits, symmetric));
            for (Tensor typed : new Tensor[] {x, Ops.to(x, DTypes.BF16)}) {
                boolean bf16 = DTypes.of(typed) == DTypes.BF16;
                Tensor fast = Tensors.zeros(DTypes.U8, COUNT);
                Tensor plain = Tensors.zeros(DTypes.U8, COUNT);
                int fastSum = RowRounding.round(address(typed), bf16, COUNT, step, zero, grid, address(fast));
                int plainSum = RowRounding.roundPlain(address(typed), bf16, 0, COUNT, step, zero, grid, address(plain));
                assertThat(Tensors.toBytes(fast)).isEqualTo(Tensors.toBytes(plain));
                assertThat(fastSum).isEqualTo(plainSum);
            }
        }
    }

    /** The largest numbers over a small step are beyond float32. */
    @Test
    void infiniteQuotientsGetTheEndsOfTheGrid() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(4)) {
            Tensor x = seeds.normal(COUNT);
            float[] far = {Float.MAX_VALUE, Float.POSITIVE_INFINITY, -Float.MAX_VALUE, Float.NEGATIVE_INFINITY};
            Ops.slice(x, 0, 0, far.length).copy_(Tensors.of(far, far.length));
            Tensor codes = Tensors.zeros(DTypes.U8, COUNT);
            ByteGrid grid = ByteGrid.of(new IntGrid(8, false));
            int sum = RowRounding.round(address(x), false, COUNT, 0.03f, 100, grid, address(codes));
            assertThat(Tensors.toLongs(codes)).startsWith(255, 255, 0, 0);
            assertThat(sum)
                    .isEqualTo((int) Tensors.item(Ops.to(codes, DTypes.I64).sum()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, COUNT - 1})
    void aRowWithANumberThatIsNoneHasNoCodes(int place) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(5)) {
            Tensor x = seeds.normal(COUNT);
            Ops.slice(x, 0, place, place + 1).copy_(Tensors.of(new float[] {Float.NaN}, 1));
            Tensor codes = Tensors.zeros(DTypes.U8, COUNT);
            ByteGrid grid = ByteGrid.of(new IntGrid(8, false));
            assertThat(RowRounding.round(address(x), false, COUNT, 0.03f, 100, grid, address(codes)))
                    .isEqualTo(RowRounding.NOT_A_NUMBER);
        }
    }

    @Test
    void theRangeIsThatOfTheNumbers() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(2)) {
            for (double offset : new double[] {-100, 0, 100}) {
                Tensor x = Ops.add(seeds.normal(COUNT), offset);
                float[] range = new float[2];
                RowRounding.range(address(x), false, COUNT, range);
                assertThat((double) range[0]).isEqualTo(Tensors.item(x.min()));
                assertThat((double) range[1]).isEqualTo(Tensors.item(x.max()));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void scalingIsItsPlainTwin(boolean bf16) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            Tensor v = Ops.mul(seeds.normal(COUNT), 30);
            Tensor p = seeds.normal(COUNT);
            Tensor e = seeds.normal(COUNT);
            Tensor o = seeds.normal(COUNT);
            for (boolean gelu : new boolean[] {false, true}) {
                DTypes type = bf16 ? DTypes.BF16 : DTypes.F32;
                Tensor fast = Tensors.zeros(type, COUNT);
                Tensor plain = Tensors.zeros(type, COUNT);
                RowScaling.scale(
                        address(Ops.copy(v)),
                        0.3f,
                        -2,
                        address(p),
                        5,
                        address(e),
                        address(o),
                        COUNT,
                        gelu,
                        address(fast),
                        bf16);
                RowScaling.scalePlain(
                        address(v),
                        0.3f,
                        -2,
                        address(p),
                        5,
                        address(e),
                        address(o),
                        0,
                        COUNT,
                        gelu,
                        address(plain),
                        bf16);
                // GELU: 2 units of e^x, and a few of the operations around it; one unit of bfloat16 where that rounds
                // last.
                double unit = bf16 ? 0x1p-8 : 8 * 0x1p-24;
                Tensor bound =
                        gelu ? Ops.add(Ops.mul(Ops.toF32(plain).abs(), unit), 1e-6) : Tensors.zeros(DTypes.F32, COUNT);
                Tensor excess = Ops.toF32(fast).sub(Ops.toF32(plain)).abs().sub(bound);
                assertThat(Tensors.item(excess.max())).isLessThanOrEqualTo(0);
            }
        }
    }

    @Test
    void nibblesComeBack() {
        try (TensorScope scope = TensorScope.open()) {
            int count = 3 * NibbleCodes.RUN;
            byte[] codes = new byte[count];
            for (int i = 0; i < count; i++) {
                codes[i] = (byte) (i * 7 % 16 - 8);
            }
            Tensor packed = Tensors.zeros(DTypes.U8, count / 2);
            NibbleCodes.pack(address(Tensors.of(codes, count)), count, address(packed));
            Tensor fast = Tensors.zeros(DTypes.I8, count);
            Tensor plain = Tensors.zeros(DTypes.I8, count);
            NibbleCodes.unpack(address(packed), count, address(fast));
            NibbleCodes.unpackPlain(address(packed), count, address(plain));
            assertThat(Tensors.toBytes(fast)).isEqualTo(codes);
            assertThat(Tensors.toBytes(plain)).isEqualTo(codes);
        }
    }

    private static long address(Tensor tensor) {
        return tensor.data_ptr().address();
    }
}
