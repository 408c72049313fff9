package io.arvid.quantize.qvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.quantize.fit.MinMaxWeightFit;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class RangeIntegrationTest {
    @Test
    void theShiftCentersARange() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor shift = RangeIntegration.shift(Tensors.of(new float[] {-1, 2}, 2), Tensors.of(new float[] {5, 4}, 2));
            assertThat(Tensors.toFloats(shift)).containsExactly(2, 3);
        }
    }

    @Test
    void anOutlierChannelIsDividedAndTheErrorFalls() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            Tensor weight = seeds.normal(8, 12);
            Tensor large = Tensors.ones(DTypes.F32, 12);
            Ops.mul_(Ops.slice(large, 0, 4, 5), 30);
            Tensor x = Ops.add(Ops.mul(seeds.uniform(200, 12), 2), -1).mul(large);
            Tensor magnitudes = Ops.amax(x.abs(), false, 0);
            WeightRule rule = new WeightRule(IntGrid.asymmetric(8), new Granularity.PerChannel());
            RangeIntegration integration = new RangeIntegration(40);
            RangeIntegration.Integrated found = integration.search(
                    x, magnitudes, weight, IntGrid.symmetric(6), rule, new MinMaxWeightFit());
            Tensor allAlike = Tensors.full(DTypes.F32, Tensors.item(magnitudes.max()), 12);
            RangeIntegration.Integrated whole = integration.search(
                    x, allAlike, weight, IntGrid.symmetric(6), rule, new MinMaxWeightFit());
            float[] factors = Tensors.toFloats(found.factors());
            assertThat(factors[4]).isGreaterThan(1.5f);
            assertThat(factors[0]).isEqualTo(1);
            assertThat(found.error()).isLessThan(0.5 * whole.error());
        }
    }
}
