package io.arvid.model.wan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class UmtTextEncoderTest {
    private static final UmtConfig CONFIG = new UmtConfig(10, 8, 16, 12, 2, 2, 8, false);

    private TensorScope scope;

    @BeforeEach
    void open() {
        Torch.setThreads(1);
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @Test
    void namesAndShapesAreThoseOfTheXxlCheckpoint() throws IOException {
        assertThat(CheckpointShapes.of(UmtConfig.xxl().parameterShapes()))
                .isEqualTo(CheckpointShapes.published("umt5_xxl_encoder"));
    }

    @Test
    void everyParameterGetsAGradient() {
        try (WeightMap weights = randomWeights(CONFIG, true)) {
            Tensor ids = Tensors.of(new long[] {3, 4, 1, 0}, 1, 4);
            Tensor mask = Tensors.of(new long[] {1, 1, 1, 0}, 1, 4);
            new UmtTextEncoder(CONFIG, weights)
                    .encodeZeroPadded(ids, mask)
                    .square()
                    .sum()
                    .backward();
            weights.entries()
                    .forEach((name, parameter) -> assertThat(
                                    Tensors.item(parameter.grad().abs().sum()))
                            .as(name)
                            .isPositive());
        }
    }

    @Test
    void paddedTokensDoNotChangeTheText() {
        try (WeightMap weights = randomWeights(CONFIG, false)) {
            UmtTextEncoder encoder = new UmtTextEncoder(CONFIG, weights);
            Tensor mask = Tensors.of(new long[] {1, 1, 1, 0}, 1, 4);
            Tensor a = encoder.encodeZeroPadded(Tensors.of(new long[] {3, 4, 1, 0}, 1, 4), mask);
            Tensor b = encoder.encodeZeroPadded(Tensors.of(new long[] {3, 4, 1, 9}, 1, 4), mask);
            assertThat(Tensors.toFloats(a)).containsExactly(Tensors.toFloats(b));
            assertThat(Tensors.toFloats(a.select(1, 3))).containsOnly(0);
        }
    }

    @Test
    void sharedPositionsNeedOneTable() {
        UmtConfig shared = new UmtConfig(10, 8, 16, 12, 2, 2, 8, true);
        assertThat(shared.parameterShapes()).hasSize(CONFIG.parameterShapes().size() - 1);
        try (WeightMap weights = randomWeights(shared, false)) {
            UmtTextEncoder encoder = new UmtTextEncoder(shared, weights);
            assertThat(Tensors.toFloats(encoder.positionBias(0, 5)))
                    .containsExactly(Tensors.toFloats(encoder.positionBias(1, 5)));
        }
    }

    @Test
    void refusesIdsThatItDoesNotHave() {
        try (WeightMap weights = randomWeights(CONFIG, false)) {
            UmtTextEncoder encoder = new UmtTextEncoder(CONFIG, weights);
            Tensor mask = Tensors.of(new long[] {1, 1}, 1, 2);
            assertThatThrownBy(() -> encoder.encode(Tensors.of(new long[] {3, 10}, 1, 2), mask))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("token id 10 is not in the text encoder's vocabulary of 10");
            assertThatThrownBy(() -> encoder.encode(Tensors.of(new long[] {-1, 3}, 1, 2), mask))
                    .hasMessageContaining("token id -1");
        }
    }

    @Test
    void refusesAMaskOfAnotherShape() {
        try (WeightMap weights = randomWeights(CONFIG, false)) {
            UmtTextEncoder encoder = new UmtTextEncoder(CONFIG, weights);
            assertThatThrownBy(() ->
                            encoder.encode(Tensors.of(new long[] {3, 4}, 1, 2), Tensors.of(new long[] {1, 1, 1}, 1, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("token ids [1, 2] and mask [1, 3]");
        }
    }

    @Test
    void namesEveryMissingParameter() {
        try (WeightMap weights = randomWeights(CONFIG, false)) {
            UmtConfig deeper = new UmtConfig(10, 8, 16, 12, 2, 3, 8, false);
            assertThatThrownBy(() -> new UmtTextEncoder(deeper, weights))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("missing blocks.2.attn.q.weight [16, 8]")
                    .hasMessageContaining("missing blocks.2.pos_embedding.embedding.weight [8, 2]");
        }
    }

    @Test
    void refusesSizesThatDoNotFit() {
        assertThatThrownBy(() -> new UmtConfig(10, 8, 16, 12, 3, 2, 8, false))
                .hasMessage("dim_attn 16 does not split into 3 heads");
    }

    private static WeightMap randomWeights(UmtConfig config, boolean gradients) {
        try (Seeds seeds = new Seeds(7)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            config.parameterShapes()
                    .forEach((name, shape) ->
                            tensors.put(name, Ops.mul(seeds.normal(shape), 0.5).set_requires_grad(gradients)));
            return WeightMap.of(tensors);
        }
    }
}
