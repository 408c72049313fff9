package io.arvid.quantize.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ScaleRefitTest {
    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    @Test
    void theScaleIsTheLeastSquaresFitOfTheCodes() {
        try (TensorScope scope = TensorScope.open()) {
            // H = I: the best scale for v = (1, 2) and W = (3, 5) is (3 + 10) / 5
            Tensor identity = Tensors.identity(DTypes.F64, 2);
            GramLoss loss = GramLoss.of(Tensors.of(new double[] {3, 5}, 1, 2), identity, identity, identity, 1);
            Tensor codes = Tensors.of(new double[] {4, 5}, 1, 2);
            Tensor zeros = Tensors.of(new double[] {3}, 1, 1);
            Tensor table = Tensors.of(new double[] {2}, 1, 1);
            Tensor group = Tensors.of(new long[] {0, 0}, 2);
            assertThat(Tensors.item(ScaleRefit.refit(codes, zeros, table, group, loss)))
                    .isCloseTo(2.6, within(1e-12));
        }
    }

    @Test
    void theLossFallsWithGroupsToo() {
        try (TensorScope scope = TensorScope.open()) {
            RoundingProblem problem = RoundingProblem.random(6, 10, 24, 100);
            WeightRule rule = new WeightRule(problem.grid(), new Granularity.Grouped(8));
            ScaledLayer layer = ScaledLayer.of(problem.weight(), rule, new MinMaxWeightFit());
            Tensor codes = Ops.toF64(layer.nearest().codes());
            Tensor table = ScaleRefit.refit(
                    codes, layer.zeros(), layer.scaleTable(), layer.groupOfColumn(), problem.loss());
            Tensor steps = codes.sub(layer.zeros());
            Tensor refitted = steps.mul(table.index_select(1, layer.groupOfColumn()));
            assertThat(problem.loss().of(refitted)).isLessThan(problem.loss().of(steps.mul(layer.scales())));
        }
    }
}
