package io.arvid.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Gradients;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.tensor.onednn.Onednn;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PackedForwardTest {
    private static final double F32_UNIT = 0x1p-24;
    private static final double BF16_UNIT = 0x1p-8;
    /** Of GELU's slope, which nowhere exceeds 1.13. */
    private static final double STEEPEST = 1.13;
    /** Of oneDNN's tanh, a polynomial in pieces. */
    private static final double TANH_ERROR = 0x1p-19;

    private static final RolloutStep STEP = RolloutStep.wholeClip(1, 0);

    @BeforeEach
    void thereIsAFastProduct() {
        assumeTrue(Onednn.find().isPresent(), Onednn.absence());
    }

    /** One layer of random numbers. */
    private record Layer(LinearSite site, Tensor weight, Tensor bias, PackedForward forward) {
        static Layer of(Seeds seeds, DTypes type, int in, int out) {
            return of(Ops.to(seeds.normal(out, in), type), Ops.to(seeds.normal(out), type));
        }

        static Layer of(Tensor weight, Tensor bias) {
            LinearSite site = LinearSite.of(SiteRole.FFN_UP, 0, (int) weight.size(1), (int) weight.size(0));
            return new Layer(site, weight, bias, PackedForward.of(List.of(site), any -> weight, any -> bias));
        }

        Tensor apply(Tensor x) {
            return forward.apply(site, STEP, x);
        }

        Tensor plain(Tensor x) {
            return Ops.linear(x, weight, bias);
        }
    }

    /** A sum of K products and a bias is off by at most (K + 1)·u times the sum of magnitudes; then the result is rounded to its type. */
    @ParameterizedTest
    @CsvSource({
        "F32, 48, 192, 768",
        "F32, 1, 64, 192",
        "F32, 7, 13, 5",
        "F32, 3, 300, 70",
        "F32, 1, 1, 1",
        "F32, 24, 768, 192",
        "BF16, 48, 192, 768",
        "BF16, 1, 64, 192",
        "BF16, 7, 13, 5",
        "BF16, 3, 300, 70"
    })
    void equalsTheProductInDoublePrecision(DTypes type, int rows, int in, int out) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(rows + in)) {
            Layer layer = Layer.of(seeds, type, in, out);
            Tensor x = Ops.to(seeds.normal(1, rows, in), type);
            Tensor exact = Ops.linear(Ops.toF64(x), Ops.toF64(layer.weight), Ops.toF64(layer.bias));
            Tensor magnitudes = Ops.linear(
                    Ops.toF64(x).abs(),
                    Ops.toF64(layer.weight).abs(),
                    Ops.toF64(layer.bias).abs());
            double rounding = type == DTypes.BF16 ? BF16_UNIT : 0;
            Tensor bound = Ops.mul(magnitudes, (in + 1) * F32_UNIT);
            requireWithin(layer.apply(x), exact, bound.add(Ops.mul(exact.abs(), rounding)));

            Tensor gelu = Ops.geluTanh(exact);
            // A bfloat16 product is rounded before the function as well, as in the published code.
            Tensor before = bound.add(Ops.mul(exact.abs(), rounding));
            Tensor geluBound = Ops.mul(before, STEEPEST)
                    .add(Ops.mul(exact.abs(), TANH_ERROR))
                    .add(Ops.mul(gelu.abs(), rounding));
            requireWithin(layer.forward.applyGelu(layer.site, STEP, x), gelu, geluBound);
            boolean packs = Onednn.isFast(type);
            assertThat(layer.forward.packedLayers()).isEqualTo(packs ? 1 : 0);
        }
    }

    private static void requireWithin(Tensor actual, Tensor expected, Tensor bound) {
        assertThat(Tensors.shape(actual)).isEqualTo(Tensors.shape(expected));
        Tensor excess = Ops.toF64(actual).sub(expected).abs().sub(bound);
        assertThat(Tensors.item(excess.max())).isLessThanOrEqualTo(0);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void inputsWithGapsAreTheSameNumbers(DTypes type) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(1)) {
            Layer layer = Layer.of(seeds, type, 24, 40);
            Tensor x = Ops.to(seeds.normal(2, 24, 9), type).transpose(1, 2);
            assertThat(Tensors.toBytes(layer.apply(x))).isEqualTo(Tensors.toBytes(layer.apply(x.contiguous())));
        }
    }

    @Test
    void gradientsGoThroughLibtorch() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(2)) {
            Layer layer = Layer.of(seeds, DTypes.F32, 16, 32);
            Tensor x = Gradients.leaf(seeds.normal(1, 5, 16));
            Torch.withGradients(() -> {
                Tensor y = layer.apply(x);
                assertThat(Tensors.toBytes(y)).isEqualTo(Tensors.toBytes(layer.plain(x)));
                y.sum().backward();
                assertThat(Tensors.toFloats(x.grad())).isNotEmpty();
                return y;
            });
            Layer trained = Layer.of(Gradients.leaf(layer.weight), layer.bias);
            assertThat(Tensors.toBytes(trained.apply(x))).isEqualTo(Tensors.toBytes(trained.plain(x)));
            assertThat(trained.forward.packedLayers()).isZero();
        }
    }

    @Test
    void weightsThatWereWrittenToArePackedAnew() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            Tensor all = seeds.normal(100 + 32 * 16);
            Layer layer = Layer.of(all.narrow(0, 100, 32 * 16).view(32, 16), seeds.normal(32));
            Tensor x = seeds.normal(1, 5, 16);
            layer.apply(x);
            Ops.mul_(all, -1);
            Layer fresh = Layer.of(Ops.copy(layer.weight), layer.bias);
            assertThat(Tensors.toBytes(layer.apply(x))).isEqualTo(Tensors.toBytes(fresh.apply(x)));
        }
    }

    @Test
    void layersOfALargeModelStayWhereTheyAre() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor stretched = Tensors.zeros(DTypes.F32, 1, 1).expand(1 << 13, 1 << 13);
            LinearSite large = LinearSite.of(SiteRole.FFN_DOWN, 0, 1 << 13, 1 << 13);
            Layer small = Layer.of(Tensors.ones(DTypes.F32, 16, 16), Tensors.zeros(DTypes.F32, 16));
            PackedForward forward = PackedForward.of(
                    List.of(small.site, large), site -> site == large ? stretched : small.weight, site -> small.bias);
            forward.apply(small.site, STEP, Tensors.ones(DTypes.F32, 1, 2, 16));
            assertThat(forward.packedLayers()).isZero();
        }
    }

    @Test
    void layersOfALargeModelInAMappedFileAreCopied(@TempDir Path folder) {
        Path file = folder.resolve("large.safetensors");
        try (TensorScope scope = TensorScope.open()) {
            Tensor columns = Tensors.arange(DTypes.F32, 1 << 12).expand(4160, 1 << 12);
            SafetensorsWriter.write(file, Map.of("w", columns.contiguous()), Map.of());
            try (WeightMap weights = SafetensorsFile.open(file)) {
                Layer large = Layer.of(weights.get("w"), Tensors.zeros(DTypes.F32, 4160));
                Tensor x = Tensors.zeros(DTypes.F32, 1, 2, 1 << 12);
                x.narrow(2, 5, 1).fill_(new Scalar(2));
                assertThat(Tensors.toFloats(large.apply(x))).containsOnly(10);
                assertThat(large.forward.packedLayers()).isEqualTo(1);
            }
        }
    }

    @Test
    void otherTypesAndNoRowsGoThroughLibtorch() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(4)) {
            Layer doubles = Layer.of(seeds, DTypes.F64, 8, 8);
            assertThat(Tensors.toFloats(doubles.apply(Tensors.zeros(DTypes.F64, 1, 8))))
                    .isEqualTo(Tensors.toFloats(doubles.bias));
            Layer floats = Layer.of(seeds, DTypes.F32, 8, 8);
            assertThat(Tensors.shape(floats.apply(Tensors.zeros(DTypes.F32, 0, 8))))
                    .containsExactly(0, 8);
        }
    }
}
