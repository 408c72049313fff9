package io.arvid.quantize.gram;

import static org.assertj.core.api.Assertions.assertThat;

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
}
