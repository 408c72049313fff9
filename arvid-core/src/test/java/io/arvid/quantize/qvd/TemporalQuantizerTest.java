package io.arvid.quantize.qvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.arvid.model.RolloutStep;
import io.arvid.quantize.fake.FakeInput;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TemporalQuantizerTest {
    private static final RolloutStep ANY_STEP = RolloutStep.wholeClip(1, 0);
    private TensorScope scope;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @Test
    void companding() {
        // 3 bits: codes −3 … 3; exponent 1/2: 0.04 of 4 → √0.01 = 0.1 → 0.3 of 3 → 0; 1 → √0.25 · 3 = 1.5 → 2 → (2/3)² · 4
        InputPlan.Companded plan = new InputPlan.Companded(IntGrid.symmetric(3), 0.5, 1, 4);
        Tensor x = Tensors.of(new float[] {0.04f, 1, 4, 9, -0.25f, -2}, 6);
        // −0.25 of 1: √0.25 · 3 = 1.5 → 2 → (2/3)²; −2 is clipped to −1
        assertThat(Tensors.toDoubles(FakeInput.apply(plan, ANY_STEP, x)))
                .containsExactly(new double[] {0, 16 / 9.0, 4, 4, -4 / 9.0, -1}, within(1e-6));
    }

    @Test
    void theLogarithmicCurveKeepsZeroAndTheEnds() {
        InputPlan.Companded plan = new InputPlan.Companded(IntGrid.symmetric(8), 0, 2, 3);
        Tensor x = Tensors.of(new float[] {0, 3, -2}, 3);
        assertThat(Tensors.toDoubles(FakeInput.apply(plan, ANY_STEP, x)))
                .containsExactly(new double[] {0, 3, -2}, within(1e-5));
    }

    @Test
    void discriminabilityIsTheShareOfDifferencesThatSurvive() {
        Tensor features = Tensors.of(new float[] {0, 1, 2, 0, 5, 6, 0, 7, 6}, 3, 3);
        Tensor quantized = Tensors.of(new float[] {0, 1, 6, 0, 6, 6, 0, 6, 6}, 3, 3);
        // first step: two of three entries differ, one still does; second: one of three differs, none does
        assertThat(TemporalQuantizer.discriminability(features, quantized)).isCloseTo(0.25, within(1e-6));
        assertThat(TemporalQuantizer.discriminability(features, features)).isEqualTo(1);
    }

    @Test
    void smallFeaturesWithOneLargeOneAreCompanded() {
        Tensor features = Tensors.of(new float[] {0.01f, 0.02f, 8, 0.03f, 0.05f, 8, 0.06f, 0.09f, 8}, 3, 3);
        InputPlan.Companded plan = new TemporalQuantizer(List.of(1.0, 0.5, 0.25), List.of(1.0), 1)
                .fit(features, IntGrid.symmetric(6));
        assertThat(plan.exponent()).isLessThan(1);
        Tensor quantized = FakeInput.apply(plan, ANY_STEP, features);
        assertThat(TemporalQuantizer.discriminability(features, quantized)).isEqualTo(1);
    }
}
