package io.arvid.quantize.qvgen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class ClippedDynamicInputTest {
    /** Factor and zero point of a token of positive values from 1 to 4, at four bits. */
    private static double[] factorAndZero(Follow follow) {
        try (TensorScope scope = TensorScope.open()) {
            ClippedDynamicInput quantizer =
                    ClippedDynamicInput.of(IntGrid.asymmetric(4), follow, StraightThrough.PLAIN);
            Tensor factor = quantizer.factors(Tensors.full(DTypes.F32, ClippedDynamicInput.INITIAL_LOGIT, 1));
            Tensor token = Tensors.of(new float[] {1, 2, 4}, 1, 3);
            return new double[] {
                Tensors.item(factor),
                Tensors.item(quantizer.range(token, factor, factor).zero())
            };
        }
    }

    @Test
    void theCodeClipsTwiceAndKeepsTheZeroPointInTheGrid() {
        assertThat(factorAndZero(Follow.PAPER)).containsExactly(new double[] {0.95, -5}, within(1e-6));
        assertThat(factorAndZero(Follow.CODE)).containsExactly(new double[] {0.9025, 0}, within(1e-6));
    }
}
