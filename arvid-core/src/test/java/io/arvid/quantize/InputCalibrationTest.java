package io.arvid.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.calibrate.FrameWeights;
import io.arvid.calibrate.Samples;
import io.arvid.model.RolloutStep;
import io.arvid.quantize.fit.InputFit;
import io.arvid.quantize.fit.MinMaxInputFit;
import io.arvid.quantize.fit.MinMaxWeightFit;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class InputCalibrationTest {
    private static final IntGrid GRID = IntGrid.asymmetric(8);

    @Test
    void bucketsWithoutSamplesShareOneFitOfAll() {
        AtomicInteger fits = new AtomicInteger();
        InputFit counted = (samples, weights, grid) -> {
            fits.incrementAndGet();
            return new MinMaxInputFit().fit(samples, weights, grid);
        };
        InputRule rule = new InputRule.Stepwise(GRID, new StepBuckets.ByTimestep(20));
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            Tensor inputs = seeds.normal(2, 5, 6).mul(Tensors.of(new float[] {1, 9}, 2, 1, 1));
            List<RolloutStep> steps =
                    List.of(new RolloutStep(0, 0, false, 0, 3, 1000), new RolloutStep(0, 1, true, 0, 3, 0));
            Samples samples = new Samples(inputs, steps, new double[] {1, 1});
            ScaledLayer layer = ScaledLayer.of(
                    seeds.normal(8, 6), new WeightRule(GRID, new Granularity.PerChannel()), new MinMaxWeightFit());
            ScaledLayer fitted =
                    new InputCalibration(rule, counted, 1, 0, 0).fitted(layer, samples, FrameWeights.uniform(1));
            InputPlan.Stepwise stepwise = (InputPlan.Stepwise) fitted.input();
            InputPlan ofAll = new MinMaxInputFit().fit(inputs, inputs, GRID);
            assertThat(stepwise.plans().subList(1, 19)).hasSize(18).containsOnly(ofAll);
            assertThat(stepwise.plans().getLast()).isNotEqualTo(ofAll);
            assertThat(fits.get()).isEqualTo(3);
        }
    }
}
