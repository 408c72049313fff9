package io.arvid.pack;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.WeightMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** What a layer's tensors and its entry may not be. */
class LayerReaderTest {
    private static final String LAYER = "blocks.0.ffn.0";

    private final Map<String, Tensor> file = new HashMap<>();

    private LayerEntry write() {
        try (Seeds seeds = new Seeds(1)) {
            LayerPlan plan = TinyPlans.plain(
                    seeds.normal(8, 40), 8, true, new Granularity.PerChannel(), TinyPlans.staticInput(8));
            return new LayerWriter(LAYER, file).write(PackedLayer.of(plan));
        }
    }

    private void requireRefused(LayerEntry entry, String defect) {
        try (WeightMap weights = WeightMap.of(file)) {
            LayerReader reader = new LayerReader(LAYER, weights);
            assertThatThrownBy(() -> reader.read(entry))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining(defect);
        }
    }

    @Test
    void inputScalesOfAnotherTypeAreRefused() {
        try (TensorScope scope = TensorScope.open()) {
            LayerEntry entry = write();
            file.computeIfPresent(LAYER + ".input_scale", (name, scales) -> Ops.toF64(scales));
            requireRefused(entry, "input_scale is F64, not F32");
        }
    }

    @Test
    void inputZeroPointsOfAnotherShapeAreRefused() {
        try (TensorScope scope = TensorScope.open()) {
            LayerEntry entry = write();
            file.computeIfPresent(LAYER + ".input_zero_point", (name, zeros) -> zeros.reshape(1, 1));
            requireRefused(entry, "input_zero_point is [1, 1], not [1]");
        }
    }

    @Test
    void blocksThatDoNotDivideTheColumnsAreRefused() {
        try (TensorScope scope = TensorScope.open()) {
            LayerEntry entry = write();
            CorrectionEntry rotation = new CorrectionEntry.Rotation(Correction.Rotation.Kind.SYLVESTER, 16);
            requireRefused(
                    new LayerEntry(entry.weights(), entry.input(), List.of(rotation)),
                    "has 40 columns, which blocks of 16 do not divide");
        }
    }
}
