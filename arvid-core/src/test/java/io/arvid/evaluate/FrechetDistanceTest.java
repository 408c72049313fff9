package io.arvid.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class FrechetDistanceTest {
    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    @Test
    void aSetIsAtDistanceZeroFromItselfEvenWithFewerSamplesThanDimensions() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(1)) {
            Tensor few = seeds.normal(12, 64);
            assertThat(FrechetDistance.between(few, few)).isCloseTo(0, within(1e-10));
        }
    }

    @Test
    void aShiftCostsItsSquaredLengthAndAScaleTheSpread() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(2)) {
            Tensor features = Ops.toF64(seeds.normal(30, 40));
            double variance = Tensors.item(FrechetDistance.covariance(features).trace());
            Tensor mean = FrechetDistance.mean(features);
            Tensor centred = features.sub(mean);
            assertThat(FrechetDistance.between(features, Ops.add(features, 2))).isCloseTo(4 * 40, within(1e-8));
            assertThat(FrechetDistance.between(centred, Ops.mul(centred, 3))).isCloseTo(4 * variance, within(1e-8));
        }
    }

    @Test
    void otherDimensionsAreRefused() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(4)) {
            assertThatThrownBy(() -> FrechetDistance.between(seeds.normal(5, 3), seeds.normal(5, 4)))
                    .hasMessageContaining("3 and 4 dimensions");
        }
    }
}
