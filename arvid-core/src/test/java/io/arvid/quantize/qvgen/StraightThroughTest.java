package io.arvid.quantize.qvgen;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.tensor.Gradients;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class StraightThroughTest {
    @Test
    void theValueIsThatOfPlainRoundingBitForBit() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(1)) {
            for (double size : new double[] {1e-3, 1, 1e3, 1e7}) {
                Tensor x = Ops.mul(seeds.normal(4096), size);
                assertThat(Tensors.toBytes(StraightThrough.PLAIN.round(x)))
                        .isEqualTo(Tensors.toBytes(Ops.add(x.round(), 0)));
                assertThat(Tensors.toFloats(new StraightThrough(2).round(x)))
                        .isEqualTo(Tensors.toFloats(Ops.add(x.round(), 0)));
            }
        }
    }

    @Test
    void adaSteSlopesTowardsTheMiddle() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor x = Gradients.leaf(Tensors.of(new float[] {0.5f, 0.75f, 1f}, 3));
            Tensor ones = Tensors.onesLike(x);
            Tensor slope =
                    Gradients.of(new StraightThrough(2).round(x), ones, x).getFirst();
            assertThat(Tensors.toFloats(slope)).containsExactly(0, 1, 2);
            Tensor plain = Gradients.of(StraightThrough.PLAIN.round(x), ones, x).getFirst();
            assertThat(Tensors.toFloats(plain)).containsExactly(1, 1, 1);
        }
    }
}
