package io.arvid.quantize.fake;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.model.RolloutStep;
import io.arvid.quantize.fit.MinMaxInputFit;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class FakeInputTest {
    private static final RolloutStep ANY_STEP = RolloutStep.wholeClip(1, 0);
    private static final IntGrid GRID = IntGrid.symmetric(4);

    /** Four channels to 14, two to 7, and twice that: steps of 2, 1, 4 and 2. */
    @Test
    void theLastGroupMayBeShorter() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor x = Tensors.of(new float[] {1, -7, 3, 14, 0.5f, 7, 2, -14, 6, 28, 1, 14}, 2, 6);
            assertThat(Tensors.toDoubles(quantized(4, x))).containsExactly(0, -8, 4, 14, 0, 7, 0, -16, 8, 28, 0, 14);
            assertThat(Tensors.toDoubles(quantized(64, x))).isEqualTo(Tensors.toDoubles(quantized(6, x)));
        }
    }

    private static Tensor quantized(int size, Tensor x) {
        return FakeInput.apply(new InputPlan.Dynamic(GRID, new Granularity.Grouped(size)), ANY_STEP, x);
    }

    @Test
    void aSymmetricGridHasNoZeroPoint() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor samples = Tensors.of(new float[] {-1, 0.5f, 3.5f}, 3, 1);
            Tensor weights = Tensors.of(new float[] {1, 1, 1}, 3);
            assertThat(new MinMaxInputFit().fit(samples, weights, GRID)).isEqualTo(new InputPlan.Static(GRID, 0.5f, 0));
        }
    }
}
