package io.arvid.pack;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.tensor.DTypes;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.WeightMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Refuses what is quantized already: rounding rounded weights again would silently measure the sum of two errors. */
public final class QuantizedSource {
    private QuantizedSource() {}

    /** Refuses a model whose {@code config.json} states a quantization. */
    public static void refuse(String what, JsonNode config) {
        JsonNode quantization = config.path(QuantizationConfig.KEY);
        if (!quantization.isMissingNode() && !quantization.isNull()) {
            throw new CheckpointException(what + " is quantized already (quant_method '"
                    + quantization.path("quant_method").asText("?") + "', method '"
                    + quantization.path("method").asText("?") + "'); start from the original checkpoint");
        }
    }

    /** Refuses weights that are codes, or that scales lie beside. */
    public static void refuse(String what, WeightMap weights) {
        for (Map.Entry<String, Tensor> entry : weights.entries().entrySet()) {
            String name = entry.getKey();
            DTypes type = DTypes.of(entry.getValue());
            boolean isCodes = name.endsWith(".weight") && (!type.isFloating() || type == DTypes.F8_E4M3);
            if (isCodes || PackedNames.isPacked(name) || name.endsWith(".comfy_quant")) {
                throw new CheckpointException(what + " is quantized already: it holds " + name + " of type " + type
                        + "; start from the original checkpoint");
            }
        }
    }
}
