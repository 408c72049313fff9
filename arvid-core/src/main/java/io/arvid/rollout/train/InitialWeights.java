package io.arvid.rollout.train;

import io.arvid.model.wan.UmtConfig;
import io.arvid.model.wan.WanConfig;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Weights before training, as Wan initializes its own: linear layers with variance 1 / fan-in, modulation with variance 1 / dim, norms at 1, biases and the
 * head at 0.
 */
final class InitialWeights {
    private InitialWeights() {}

    /** Weights of a transformer. */
    static Map<String, Tensor> of(WanConfig config, long seed) {
        return of(config.parameterShapes(), seed);
    }

    /** Weights of a text encoder. */
    static Map<String, Tensor> of(UmtConfig config, long seed) {
        return of(config.parameterShapes(), seed);
    }

    private static Map<String, Tensor> of(Map<String, long[]> shapes, long seed) {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        try (Seeds seeds = new Seeds(seed)) {
            shapes.forEach((name, shape) -> weights.put(name, one(name, shape, seeds)));
        }
        return weights;
    }

    /** True for the matrices between hidden states: those inside the blocks. */
    static boolean isHiddenMatrix(String name) {
        return name.contains("blocks.")
                && name.endsWith(".weight")
                && !name.contains("norm")
                && !name.contains("pos_embedding");
    }

    private static Tensor one(String name, long[] shape, Seeds seeds) {
        if (name.contains("norm") && name.endsWith(".weight")) {
            return Tensors.ones(DTypes.F32, shape);
        }
        if (name.endsWith(".bias") || name.startsWith("head.head") || name.contains("pos_embedding")) {
            return Tensors.zeros(DTypes.F32, shape);
        }
        long fanIn = 1;
        for (int i = 1; i < shape.length; i++) {
            fanIn *= shape[i];
        }
        double variance = name.endsWith("modulation")
                ? 1.0 / shape[shape.length - 1]
                : name.startsWith("token_embedding") ? 1 : 1.0 / fanIn;
        return Ops.mul(seeds.normal(shape), Math.sqrt(variance));
    }
}
