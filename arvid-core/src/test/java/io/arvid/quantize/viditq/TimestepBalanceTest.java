package io.arvid.quantize.viditq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.arvid.calibrate.Extremes;
import io.arvid.model.RolloutStep;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class TimestepBalanceTest {
    @Test
    void factorsComeFromTheRunningMeanOfTheirRange() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor rows = Tensors.of(new float[] {4, 100, 9, 100, 1, 16}, 3, 2);
            List<RolloutStep> steps = Stream.of(1000.0, 700.0, 0.0)
                    .map(t -> new RolloutStep(0, 0, false, 0, 1, t))
                    .toList();
            Tensor weights = Tensors.of(new float[] {4, 1}, 2);
            TimestepBalance balance = new TimestepBalance(0.5, 0.8, new StepBuckets.ByTimestep(2));
            Extremes magnitudes = new Extremes(rows, rows, steps);
            // above 500: 0.8 · 4 + 0.2 · 9 = 5, √(5/4); below: √(1/4) and √16
            assertThat(Tensors.toDoubles(balance.factors(magnitudes, weights, 1)))
                    .containsExactly(new double[] {Math.sqrt(1.25), 10}, within(1e-5));
            assertThat(Tensors.toDoubles(balance.factors(magnitudes, weights, 0)))
                    .containsExactly(new double[] {0.5, 4}, within(1e-5));
        }
    }
}
