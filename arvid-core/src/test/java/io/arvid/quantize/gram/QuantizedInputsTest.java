package io.arvid.quantize.gram;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.calibrate.Samples;
import io.arvid.model.RolloutStep;
import io.arvid.quantize.fake.FakeQuantLayer;
import io.arvid.quantize.fit.MinMaxWeightFit;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class QuantizedInputsTest {
    /** With a range a token, outliers and the others have one each. */
    @Test
    void whatLayersAreSolvedForIsWhatRuns() {
        RolloutStep step = new RolloutStep(0, 0, false, 0, 3, 1000);
        IntGrid grid = IntGrid.asymmetric(4);
        InputPlan perToken = new InputPlan.Dynamic(grid, new Granularity.PerToken());
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            Tensor weight = seeds.normal(8, 6);
            Tensor gains = Tensors.of(new float[] {1, 20, 1, 1, 30, 1}, 6);
            Tensor x = seeds.normal(5, 6).mul(gains);
            ScaledLayer layer = ScaledLayer.split(
                            weight,
                            new WeightRule(grid, new Granularity.PerChannel()),
                            new MinMaxWeightFit(true),
                            Tensors.of(new long[] {1, 4}, 2),
                            Tensors.of(new long[] {0, 2, 3, 5}, 4),
                            true)
                    .withInputs(perToken, perToken);
            LayerPlan plan = layer.nearest();
            Tensor bias = Tensors.zeros(DTypes.F32, 8);
            InputPlan full = new InputPlan.Full();
            try (FakeQuantLayer runs = new FakeQuantLayer(plan, bias);
                    FakeQuantLayer weightsOnly = new FakeQuantLayer(plan.withInput(full, full), bias)) {
                Tensor expected = runs.apply(step, x);
                Tensor found = weightsOnly.apply(step, QuantizedInputs.of(layer, step, x));
                assertThat(Tensors.item(found.sub(expected).abs().max())).isLessThan(1e-4);
            }
        }
    }

    /** With one range for a whole input, each pass has its own: a roll-out never sees two at once. */
    @Test
    void passesShareNoRange() {
        IntGrid grid = IntGrid.asymmetric(4);
        InputPlan perTensor = new InputPlan.Dynamic(grid, new Granularity.PerTensor());
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            ScaledLayer layer = ScaledLayer.of(
                            seeds.normal(8, 6),
                            new WeightRule(grid, new Granularity.PerChannel()),
                            new MinMaxWeightFit())
                    .withInputs(perTensor, perTensor);
            Tensor gains = Tensors.of(new float[] {1, 100}, 2, 1, 1);
            List<RolloutStep> steps =
                    List.of(new RolloutStep(0, 0, false, 0, 3, 1000), new RolloutStep(0, 1, false, 0, 3, 900));
            Samples samples = new Samples(seeds.normal(2, 5, 6).mul(gains), steps, new double[] {1, 1});
            Tensor together = QuantizedInputs.of(layer, samples);
            for (int pass = 0; pass < 2; pass++) {
                Tensor alone = QuantizedInputs.of(
                        layer, steps.get(pass), samples.inputs().select(0, pass));
                assertThat(Tensors.toBytes(together.select(0, pass))).isEqualTo(Tensors.toBytes(alone));
            }
        }
    }
}
