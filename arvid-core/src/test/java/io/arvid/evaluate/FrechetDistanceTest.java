package io.arvid.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.arvid.record.Estimate;
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
    void theIntervalOfADistanceThatRoundingLeftBelowZeroHoldsIt() {
        Estimate interval = new PairedBootstrap(10, 0.95, 1).ofDistance(VideoGroups.each(4), videos -> -1e-15);
        assertThat(interval.mean()).isBetween(interval.low(), interval.high());
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

    /** The interval's width, as a deviation, is that of the distances of many independent sets of pairs. */
    @Test
    void theIntervalIsAsWideAsDistancesOfSetsVary() {
        int sets = 24;
        double[] distances = new double[sets];
        double widths = 0;
        try (Seeds seeds = new Seeds(3)) {
            for (int set = 0; set < sets; set++) {
                try (TensorScope scope = TensorScope.open()) {
                    Tensor reference = seeds.normal(40, 3);
                    Tensor own = Ops.add(reference.add(Ops.mul(seeds.normal(40, 3), 0.8)), 0.5);
                    Estimate interval = FrechetDistance.between(reference, own, new PairedBootstrap(100, 0.95, set));
                    assertThat(interval.mean()).isEqualTo(FrechetDistance.between(reference, own));
                    assertThat(interval.mean()).isBetween(interval.low(), interval.high());
                    distances[set] = interval.mean();
                    widths += (interval.high() - interval.low()) / sets;
                }
            }
        }
        double mean = java.util.Arrays.stream(distances).average().orElseThrow();
        double deviation = Math.sqrt(java.util.Arrays.stream(distances)
                        .map(distance -> (distance - mean) * (distance - mean))
                        .sum()
                / (sets - 1));
        // The deviation of 24 draws is itself known to 1/√46 = 15 %; three times that on either side.
        assertThat(widths / (2 * 1.96) / deviation).isBetween(0.55, 1.45);
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
