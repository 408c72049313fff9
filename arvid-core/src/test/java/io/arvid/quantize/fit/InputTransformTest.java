package io.arvid.quantize.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.arvid.calibrate.TokenMoments;
import io.arvid.quantize.scheme.Correction.Rotation;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class InputTransformTest {
    @Test
    void theLayerComputesTheSame() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(11)) {
            Tensor x = seeds.normal(2, 5, 12);
            Tensor weight = seeds.normal(7, 12);
            Tensor bias = seeds.normal(7);
            InputTransform transform = InputTransform.shifting(seeds.normal(12), weight)
                    .then(InputTransform.dividing(Ops.add(seeds.uniform(12), 0.5)))
                    .then(InputTransform.rotating(new Rotation(Rotation.Kind.CONV_ROT, 4)));
            Tensor transformed = Ops.linear(transform.input(x), transform.weight(weight), transform.bias(bias));
            assertThat(Tensors.toDoubles(transformed))
                    .containsExactly(Tensors.toDoubles(Ops.linear(x, weight, bias)), within(1e-4));
        }
    }

    @Test
    void theGramMatrixFollowsTheInput() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(12)) {
            Tensor x = seeds.normal(30, 8);
            TokenMoments moments = TokenMoments.none(8);
            moments.add(Ops.slice(x, 0, 0, 10), 1);
            moments.add(Ops.slice(x, 0, 10, 30), 1);
            InputTransform transform = InputTransform.dividing(Ops.add(seeds.uniform(8), 0.5))
                    .then(InputTransform.shifting(seeds.normal(8), seeds.normal(3, 8)))
                    .then(InputTransform.rotating(new Rotation(Rotation.Kind.SYLVESTER, 8)));
            Tensor direct = transform.input(x);
            assertThat(Tensors.toDoubles(transform.gram(moments)))
                    .containsExactly(Tensors.toDoubles(direct.t().mm(direct)), within(1e-4));
        }
    }

    @Test
    void blocksAreTheLargestThatDivide() {
        assertThat(BlockRotation.largest(Rotation.Kind.SYLVESTER, 1536, 1024)
                        .rotation()
                        .blockSize())
                .isEqualTo(512);
        assertThat(BlockRotation.largest(Rotation.Kind.SYLVESTER, 8960, 1024)
                        .rotation()
                        .blockSize())
                .isEqualTo(256);
        assertThat(BlockRotation.largest(Rotation.Kind.CONV_ROT, 1536, 1024)
                        .rotation()
                        .blockSize())
                .isEqualTo(256);
        assertThat(BlockRotation.largest(Rotation.Kind.CONV_ROT, 7, 256)
                        .rotation()
                        .blockSize())
                .isEqualTo(1);
    }
}
