package io.arvid.quantize.fit;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class LowRankBranchTest {
    private static final double[] ERRORS = {4, 2, 3, 1, 5};
    private static final WeightRule RULE = new WeightRule(IntGrid.asymmetric(4), new Granularity.PerChannel());

    @Test
    void onlyTheBestIterationIsKept() {
        List<Tensor> quantized = new ArrayList<>();
        List<float[]> values = new ArrayList<>();
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(3)) {
            LowRankBranch.Fitted fitted = new LowRankBranch(2, ERRORS.length, false)
                    .fit(seeds.normal(24, 16), RULE, new MinMaxWeightFit(), (residual, ofCodes) -> {
                        quantized.add(ofCodes);
                        values.add(Tensors.toFloats(ofCodes));
                        return ERRORS[quantized.size() - 1];
                    });
            assertThat(fitted.errors()).containsExactly(4.0, 2.0, 3.0, 1.0, 5.0);
            assertThat(fitted.bestIndex()).isEqualTo(3);
            assertThat(Tensors.toFloats(fitted.best().quantized())).isEqualTo(values.get(3));
            for (int i = 0; i < ERRORS.length; i++) {
                assertThat(quantized.get(i).referenceCount() > 0)
                        .as("iteration " + i)
                        .isEqualTo(i == fitted.bestIndex());
            }
        }
    }
}
