package io.arvid.model.wan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.model.RolloutStep;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** What a transformer makes of its inputs' sizes; its numbers are held to the reference by the golden cases {@code wan_dit_*}. */
class WanTransformerTest {
    private static final WanConfig CONFIG = new WanConfig(24, 32, 2, 1, 8, 8, 4, 4, 4, new int[] {1, 2, 2}, 1e-6);
    private static final RolloutStep STEP = RolloutStep.wholeClip(1, 0);

    @Test
    void shortTextIsPaddedAndLongTextIsRefused() {
        try (TensorScope scope = TensorScope.open();
                WeightMap weights = zeros()) {
            WanTransformer model = new WanTransformer(CONFIG, weights);
            Tensor embedded = model.embedText(Tensors.zeros(DTypes.F32, 1, 3, 8), STEP, model.fullPrecision());
            assertThat(Tensors.shape(embedded)).containsExactly(1, 4, 24);

            Tensor tooLong = Tensors.zeros(DTypes.F32, 1, 5, 8);
            assertThatThrownBy(() -> model.embedText(tooLong, STEP, model.fullPrecision()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("text states of 5 positions for a transformer that takes 4");
        }
    }

    private static WeightMap zeros() {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        CONFIG.parameterShapes().forEach((name, shape) -> weights.put(name, Tensors.zeros(DTypes.F32, shape)));
        return WeightMap.of(weights);
    }
}
