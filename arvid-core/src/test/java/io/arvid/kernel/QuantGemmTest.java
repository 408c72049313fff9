package io.arvid.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.arvid.model.RolloutStep;
import io.arvid.pack.PackedLayer;
import io.arvid.pack.TinyPlans;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Integer products against their simulation, to within {@link KernelBound}. */
class QuantGemmTest {
    private static final double UNIT = 0x1p-24;
    private static final RolloutStep STEP = RolloutStep.wholeClip(1, 500);

    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    @BeforeEach
    void integersExist() {
        assumeTrue(
                Kernel.ONEDNN.refusal().isEmpty(),
                () -> "no integer kernel: " + Kernel.ONEDNN.refusal().orElse(""));
    }

    /** Plans of every kind that the integer kernel takes. */
    private static Map<String, Function<Tensor, LayerPlan>> kinds() {
        Granularity rows = new Granularity.PerChannel();
        InputPlan fixed = TinyPlans.staticInput(8);
        Map<String, Function<Tensor, LayerPlan>> kinds = new LinkedHashMap<>();
        kinds.put("w8 symmetric, static", w -> TinyPlans.plain(w, 8, true, rows, fixed));
        kinds.put("w8 asymmetric, static", w -> TinyPlans.plain(w, 8, false, rows, fixed));
        kinds.put("w4 asymmetric, static", w -> TinyPlans.plain(w, 4, false, rows, fixed));
        kinds.put("w4 symmetric, a6", w -> TinyPlans.plain(w, 4, true, rows, TinyPlans.staticInput(6)));
        kinds.put("w2, token, symmetric", w -> TinyPlans.plain(w, 2, false, rows, TinyPlans.dynamic(8, true)));
        kinds.put("w8, token, asymmetric", w -> TinyPlans.plain(w, 8, true, rows, TinyPlans.dynamic(8, false)));
        kinds.put("w4, token, asymmetric", w -> TinyPlans.plain(w, 4, false, rows, TinyPlans.dynamic(8, false)));
        kinds.put(
                "w8, tensor",
                w -> TinyPlans.plain(
                        w, 8, false, rows, new InputPlan.Dynamic(IntGrid.asymmetric(8), new Granularity.PerTensor())));
        kinds.put(
                "w4, token, clipped, zero point in the grid",
                w -> TinyPlans.plain(
                        w,
                        4,
                        false,
                        rows,
                        new InputPlan.Dynamic(IntGrid.asymmetric(8), new Granularity.PerToken(), 0.95f, 0.8f, true)));
        kinds.put("dual scale", w -> TinyPlans.dual(w, 4, 3, fixed, TinyPlans.staticInput(6)));
        kinds.put(
                "dual scale, token",
                w -> TinyPlans.dual(w, 8, 5, TinyPlans.dynamic(8, false), TinyPlans.dynamic(8, false)));
        return kinds;
    }

    @Test
    void everySchemeEqualsItsSimulationAtOddShapes() {
        int[][] shapes = {{1, 7, 5}, {3, 65, 33}, {17, 130, 257}};
        kinds().forEach((name, kind) -> {
            for (int[] shape : shapes) {
                check(name, kind, shape[0], shape[1], shape[2], x -> x);
            }
        });
    }

    @Test
    void correctionsOfTheInputAndTheLowRankBranchAreTheSame() {
        check("corrected, static", w -> TinyPlans.corrected(w, 4, TinyPlans.staticInput(8), false), 9, 64, 40, x -> x);
        check(
                "corrected, token",
                w -> TinyPlans.corrected(w, 8, TinyPlans.dynamic(8, false), false),
                9,
                64,
                40,
                x -> x);
    }

    @Test
    void saturatedExtremeAndZeroRowsAreTheSame() {
        kinds().forEach((name, kind) -> {
            check(name + ", saturated", kind, 3, 65, 33, x -> Ops.mul(x, 1000));
            check(name + ", tiny", kind, 3, 65, 33, x -> Ops.mul(x, 1e-6));
            check(name + ", no change of sign", kind, 3, 65, 33, x -> Ops.add(x.abs(), 1));
            check(name + ", a zero row", kind, 3, 65, 33, x -> {
                x.select(0, 1).zero_();
                return x;
            });
        });
    }

    /** What is computed from NaN is NaN, as in the simulation, and other rows know nothing of it. */
    @Test
    void aRowWithANumberThatIsNoneStaysNone() {
        TensorScope.runAndFree(() -> {
            try (Seeds seeds = new Seeds(6)) {
                Tensor weight = seeds.normal(33, 65);
                Tensor bias = seeds.normal(33);
                Tensor x = seeds.normal(2, 65);
                Ops.slice(x.select(0, 1), 0, 5, 6).copy_(Tensors.of(new float[] {Float.NaN}, 1));
                Map<String, Function<Tensor, LayerPlan>> byRow = kinds();
                byRow.remove("w8, tensor");
                byRow.forEach((name, kind) -> {
                    PackedLayer layer = PackedLayer.of(kind.apply(weight));
                    float[] y = Tensors.toFloats(multiply(Kernel.ONEDNN, layer, bias, x, Activation.NONE));
                    for (int i = 0; i < y.length; i++) {
                        assertThat(Float.isNaN(y[i])).as(name + ", output " + i).isEqualTo(i >= 33);
                    }
                });
            }
        });
    }

    @Test
    void manyRowsInSeveralTilesOnTwoThreads() {
        Torch.setThreads(2);
        try {
            check("tiles", kinds().get("w4 asymmetric, static"), 700, 64, 48, x -> x);
            check("tiles", kinds().get("w8 symmetric, static"), 700, 64, 48, x -> x);
        } finally {
            Torch.setThreads(1);
        }
    }

    @Test
    void theEmulatedIntegersAreTheSameBitForBit() {
        TensorScope.runAndFree(() -> {
            try (Seeds seeds = new Seeds(8)) {
                Tensor weight = Ops.mul(seeds.normal(33, 65), 0.125);
                Tensor bias = seeds.normal(33);
                Tensor x = seeds.normal(3, 65);
                kinds().forEach((name, kind) -> {
                    PackedLayer layer = PackedLayer.of(kind.apply(weight));
                    for (Activation activation : Activation.values()) {
                        assertThat(Tensors.toFloats(multiply(Kernel.ONEDNN, layer, bias, x, activation)))
                                .as(name + " " + activation)
                                .isEqualTo(Tensors.toFloats(multiply(Kernel.EMULATED, layer, bias, x, activation)));
                    }
                });
            }
        });
    }

    @Test
    void bfloat16ComesOutRoundedOnce() {
        TensorScope.runAndFree(() -> {
            try (Seeds seeds = new Seeds(3)) {
                Tensor weight = Ops.mul(seeds.normal(48, 64), 0.125);
                Tensor bias = seeds.normal(48);
                Tensor x = Ops.to(seeds.normal(11, 64), DTypes.BF16);
                for (Function<Tensor, LayerPlan> kind : kinds().values()) {
                    PackedLayer layer = PackedLayer.of(kind.apply(weight));
                    Tensor wide = multiply(Kernel.ONEDNN, layer, bias, Ops.toF32(x), Activation.NONE);
                    Tensor narrow = multiply(Kernel.ONEDNN, layer, bias, x, Activation.NONE);
                    assertThat(DTypes.of(narrow)).isEqualTo(DTypes.BF16);
                    assertThat(Tensors.toFloats(narrow)).isEqualTo(Tensors.toFloats(Ops.to(wide, DTypes.BF16)));
                }
            }
        });
    }

    @Test
    void geluIsTheFunctionOfTheLayer() {
        TensorScope.runAndFree(() -> {
            try (Seeds seeds = new Seeds(4)) {
                Tensor weight = Ops.mul(seeds.normal(50, 64), 0.3);
                Tensor bias = seeds.normal(50);
                Tensor x = Ops.mul(seeds.normal(11, 64), 2);
                for (Function<Tensor, LayerPlan> kind : kinds().values()) {
                    PackedLayer layer = PackedLayer.of(kind.apply(weight));
                    Tensor expected = Ops.geluTanh(multiply(Kernel.ONEDNN, layer, bias, x, Activation.NONE));
                    Tensor fused = multiply(Kernel.ONEDNN, layer, bias, x, Activation.GELU_TANH);
                    // e^x is good to 2 units in the last place and tanh loses none that matter against |x|: 16 units
                    // cover both forms.
                    double bound = 16 * UNIT * Tensors.item(Ops.amax(expected.abs(), false, 0, 1));
                    assertThat(Tensors.item(Ops.amax(fused.sub(expected).abs(), false, 0, 1)))
                            .isLessThanOrEqualTo(Math.max(bound, 1e-6));
                }
            }
        });
    }

    @Test
    void layersOfOneInputRoundItOnce() {
        TensorScope.runAndFree(() -> {
            try (Seeds seeds = new Seeds(5);
                    RoundedInput shared = new RoundedInput()) {
                Tensor x = seeds.normal(4, 64);
                Tensor bias = Tensors.zeros(DTypes.F32, 32);
                for (int layer = 0; layer < 3; layer++) {
                    PackedLayer packed = PackedLayer.of(
                            kinds().get("w8 asymmetric, static").apply(Ops.mul(seeds.normal(32, 64), 0.1)));
                    try (QuantGemm gemm = Kernel.ONEDNN.prepare(packed, bias)) {
                        gemm.multiply(STEP, x, shared, Activation.NONE);
                    }
                }
                assertThat(shared.roundings()).isEqualTo(1);
                try (QuantGemm gemm = Kernel.ONEDNN.prepare(
                        PackedLayer.of(kinds().get("w4 symmetric, a6").apply(seeds.normal(32, 64))), bias)) {
                    gemm.multiply(STEP, x, shared, Activation.NONE);
                }
                assertThat(shared.roundings()).isEqualTo(2);
            }
        });
    }

    /** The columns of both layers are kept in one order, but divided elsewhere. */
    @Test
    void layersWithOtherOutliersRoundTheirInputsApart() {
        TensorScope.runAndFree(() -> {
            try (Seeds seeds = new Seeds(9);
                    RoundedInput shared = new RoundedInput()) {
                Tensor x = seeds.normal(4, 64);
                Tensor bias = Tensors.zeros(DTypes.F32, 32);
                LayerPlan plain = kinds().get("w8, token, asymmetric").apply(seeds.normal(32, 64));
                for (int outliers = 2; outliers <= 3; outliers++) {
                    Correction dual = new Correction.DualScale(
                            Tensors.arange(DTypes.I64, outliers), plain.scales(), plain.zeros(), plain.input());
                    LayerPlan plan = new LayerPlan(
                            plain.grid(),
                            plain.at(),
                            plain.codes(),
                            plain.scales(),
                            plain.zeros(),
                            plain.input(),
                            List.of(dual));
                    try (QuantGemm gemm = Kernel.ONEDNN.prepare(PackedLayer.of(plan), bias)) {
                        gemm.multiply(STEP, x, shared, Activation.NONE);
                    }
                }
                assertThat(shared.roundings()).isEqualTo(2);
            }
        });
    }

    @Test
    void aScaleOfTheWholeTensorInABucketIsThatOfTheCorrectedInput() {
        InputPlan whole = new InputPlan.Dynamic(IntGrid.asymmetric(8), new Granularity.PerTensor());
        InputPlan byChunk = new InputPlan.Stepwise(new StepBuckets.ByChunk(2), List.of(whole, whole));
        Function<Tensor, LayerPlan> kind = weight -> {
            Tensor factors = Ops.add(Tensors.arange(DTypes.F32, weight.size(1)), 1);
            return TinyPlans.layer(
                    weight.mul(factors),
                    IntGrid.asymmetric(8),
                    new Granularity.PerChannel(),
                    byChunk,
                    List.of(new Correction.ChannelScale(factors)));
        };
        check("stepwise, tensor", kind, 9, 64, 40, x -> x);
    }

    @Test
    void noRowsGiveNoRows() {
        TensorScope.runAndFree(() -> {
            try (Seeds seeds = new Seeds(10)) {
                Tensor weight = seeds.normal(33, 65);
                Tensor bias = seeds.normal(33);
                Tensor x = Tensors.zeros(DTypes.F32, 2, 0, 65);
                kinds().forEach((name, kind) -> {
                    PackedLayer layer = PackedLayer.of(kind.apply(weight));
                    assertThat(Tensors.shape(multiply(Kernel.ONEDNN, layer, bias, x, Activation.NONE)))
                            .as(name)
                            .containsExactly(2, 0, 33);
                });
            }
        });
    }

    @Test
    void fourBitWeightsStayPacked() {
        TensorScope.runAndFree(() -> {
            try (Seeds seeds = new Seeds(6)) {
                Tensor weight = seeds.normal(256, 512);
                Tensor bias = Tensors.zeros(DTypes.F32, 256);
                try (QuantGemm four = Kernel.ONEDNN.prepare(
                                PackedLayer.of(
                                        kinds().get("w4 asymmetric, static").apply(weight)),
                                bias);
                        QuantGemm eight = Kernel.ONEDNN.prepare(
                                PackedLayer.of(
                                        kinds().get("w8 symmetric, static").apply(weight)),
                                bias)) {
                    assertThat(four.bytes()).isLessThan((long) (256 * 512 * 0.53));
                    assertThat(eight.bytes()).isLessThan((long) (256 * 512 * 1.03));
                }
            }
        });
    }

    @Test
    void whatIntegersCannotSayIsRefusedWithItsReasonAndSimulated() {
        TensorScope.runAndFree(() -> {
            try (Seeds seeds = new Seeds(7)) {
                Tensor weight = seeds.normal(8, 40);
                Map<LayerPlan, String> refused = Map.of(
                        TinyPlans.plain(weight, 3, false, new Granularity.Grouped(20), TinyPlans.staticInput(6)),
                        "group-20",
                        TinyPlans.plain(weight, 12, false, new Granularity.PerChannel(), TinyPlans.staticInput(8)),
                        "12 bits",
                        TinyPlans.plain(weight, 8, false, new Granularity.PerChannel(), new InputPlan.Full()),
                        "not quantized",
                        TinyPlans.plain(weight, 8, false, new Granularity.PerChannel(), TinyPlans.stepwise()),
                        "not quantized",
                        TinyPlans.corrected(weight, 8, TinyPlans.dynamic(8, false), true),
                        "rounded input");
                refused.forEach((plan, reason) -> {
                    KernelSpec spec = KernelSpec.of(PackedLayer.of(plan));
                    KernelCatalogue.Choice choice = KernelCatalogue.BEST.choose(spec);
                    assertThat(choice.kernel()).isEqualTo(Kernel.SIMULATED);
                    assertThat(choice.refused().get(Kernel.ONEDNN)).contains(reason);
                    assertThatThrownBy(() -> new KernelCatalogue(Kernel.ONEDNN).choose(spec))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining(reason);
                });
            }
        });
    }

    private static Tensor multiply(Kernel kernel, PackedLayer layer, Tensor bias, Tensor x, Activation activation) {
        try (QuantGemm gemm = kernel.prepare(layer, bias);
                RoundedInput shared = new RoundedInput()) {
            return gemm.multiply(STEP, x, shared, activation);
        }
    }

    private static void check(
            String name, Function<Tensor, LayerPlan> kind, int rows, int in, int out, Function<Tensor, Tensor> change) {
        TensorScope.runAndFree(() -> {
            try (Seeds seeds = new Seeds(rows * 31 + in)) {
                LayerPlan plan = kind.apply(Ops.mul(Ops.add(seeds.normal(out, in), 0.3), 1 / Math.sqrt(in)));
                Tensor bias = seeds.normal(out);
                Tensor x = change.apply(Ops.add(seeds.normal(rows, in), 0.5));
                Tensor expected = multiply(Kernel.SIMULATED, PackedLayer.of(plan), bias, x, Activation.NONE);
                Tensor actual = multiply(Kernel.ONEDNN, PackedLayer.of(plan), bias, x, Activation.NONE);
                Tensor excess = actual.sub(expected).abs().sub(KernelBound.of(plan, STEP, bias, x, expected));
                assertThat(Tensors.item(Ops.amax(excess, false, 0, 1)))
                        .as(name + " " + rows + "×" + in + "×" + out)
                        .isLessThanOrEqualTo(0);
            }
        });
    }
}
