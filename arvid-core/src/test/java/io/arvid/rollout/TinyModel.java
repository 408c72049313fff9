package io.arvid.rollout;

import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.WeightMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** A Wan transformer small enough for unit tests, with random weights; norms near 1. */
final class TinyModel {
    static final WanConfig CONFIG = new WanConfig(24, 32, 2, 2, 8, 8, 4, 4, 4, new int[] {1, 2, 2}, 1e-6);

    private TinyModel() {}

    static WanTransformer create(long seed) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(seed)) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            CONFIG.parameterShapes().forEach((name, shape) -> {
                Tensor noise = Ops.mul(seeds.normal(shape), name.endsWith("weight") && shape.length > 1 ? 0.3 : 0.1);
                weights.put(name, name.contains("norm") && name.endsWith("weight") ? Ops.add(noise, 1) : noise);
            });
            return new WanTransformer(CONFIG, WeightMap.of(weights));
        }
    }
}
