package io.arvid.rollout.train;

import io.arvid.model.TextContext;
import io.arvid.model.wan.Tokenizer;
import io.arvid.model.wan.UmtConfig;
import io.arvid.model.wan.UmtTextEncoder;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.weights.WeightMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Transformer and text encoder in training, over bfloat16 copies of their parameters that pass gradients on; they belong to the open scope. */
record Networks(WanTransformer transformer, UmtTextEncoder encoder) {
    /** Networks over {@code weights}, named {@code transformer.…} and {@code text.…}. */
    static Networks of(WanConfig config, UmtConfig textConfig, WeightMap weights) {
        WeightMap copies = MixedPrecision.of(weights);
        return new Networks(
                new WanTransformer(config, part(copies, AutoregressiveTrainer.TRANSFORMER)),
                new UmtTextEncoder(textConfig, part(copies, AutoregressiveTrainer.TEXT)));
    }

    /** Text states of prompts. */
    TextContext text(Tokenizer.Tokens tokens) {
        return new TextContext(encoder.encodeZeroPadded(tokens.ids(), tokens.mask()));
    }

    /** The tensors whose names begin with {@code prefix}, without it. */
    private static WeightMap part(WeightMap weights, String prefix) {
        Map<String, Tensor> part = new LinkedHashMap<>();
        weights.entries().forEach((name, tensor) -> {
            if (name.startsWith(prefix)) {
                part.put(name.substring(prefix.length()), tensor);
            }
        });
        return WeightMap.of(part);
    }
}
