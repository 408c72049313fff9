package io.arvid.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class FlowMatchScheduleTest {
    private final FlowMatchSchedule schedule = new FlowMatchSchedule(5);

    @Test
    void warpedStepsAreThoseOfThePaper() {
        assertThat(new float[] {schedule.warp(1000), schedule.warp(750), schedule.warp(500), schedule.warp(250)})
                .containsExactly(new float[] {1000, 937.5f, 833.3333f, 625}, within(1e-4f));
        assertThat(schedule.warp(0)).isZero();
        assertThatThrownBy(() -> schedule.warp(1001)).hasMessageContaining("outside 0 … 1000");
    }

    @Test
    void timestepZeroIsTheLastNoiseLevel() {
        assertThat(schedule.index(0)).isEqualTo(999);
        assertThat(schedule.sigma(0)).isEqualTo(0.00498008f, within(1e-8f));
    }

    @Test
    void theFirstOfTwoEquallyNearEntriesIsTaken() {
        FlowMatchSchedule even = new FlowMatchSchedule(1, 4);
        assertThat(even.timesteps()).containsExactly(1000, 750, 500, 250);
        assertThat(even.index(625)).isEqualTo(1);
    }

    @Test
    void trainingWeightsHaveMeanOne() {
        double mean = 0;
        for (float weight : schedule.trainingWeights()) {
            mean += weight / 1000.0;
        }
        assertThat(mean).isEqualTo(1, within(1e-5));
    }

    @Test
    void flowAndCleanLatentsAreInverse() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(1)) {
            Tensor clean = seeds.normal(2, 3, 4, 2, 2);
            Tensor noise = seeds.normal(2, 3, 4, 2, 2);
            Tensor timesteps = Tensors.of(new float[] {900, 500, 100, 1000, 600, 300}, 2, 3);
            Tensor noisy = schedule.addNoise(clean, noise, timesteps);
            Tensor flow = schedule.flowFromClean(noisy, clean, timesteps);
            assertThat(Tensors.toFloats(flow))
                    .containsExactly(Tensors.toFloats(FlowMatchSchedule.target(clean, noise)), within(1e-4f));
            assertThat(Tensors.toFloats(schedule.cleanFromFlow(noisy, flow, timesteps)))
                    .containsExactly(Tensors.toFloats(clean), within(1e-6f));
        }
    }
}
