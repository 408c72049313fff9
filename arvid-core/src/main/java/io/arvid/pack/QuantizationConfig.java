package io.arvid.pack;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.weights.CheckpointException;
import java.nio.file.Path;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * The {@code quantization_config} of a packed folder's {@code config.json}.
 *
 * @param quantMethod {@link #QUANT_METHOD}
 * @param formatVersion version of the packed format
 * @param method id of the method that chose the integers
 * @param recipe its settings, or null where they are not known
 * @param source how the original checkpoint names its tensors
 * @param kv how the KV cache is to be stored
 * @param layers quantized layers by name, in the model's order
 */
record QuantizationConfig(
        String quantMethod,
        int formatVersion,
        String method,
        @Nullable JsonNode recipe,
        SourceLayout source,
        KvPlan kv,
        SequencedMap<String, LayerEntry> layers) {
    /** Key in {@code config.json}. */
    static final String KEY = "quantization_config";
    /** What {@code quant_method} says. */
    static final String QUANT_METHOD = "arvid";
    /** The newest version that this arvid reads. */
    static final int VERSION = 2;

    private static final JsonMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .build();

    /** The oldest version that can say {@code kv}: version 2 brought the KV cache by chunk, and nothing else. */
    static int versionFor(KvPlan kv) {
        return kv instanceof KvPlan.ByChunk ? 2 : 1;
    }

    /** As JSON. */
    ObjectNode json() {
        return JSON.valueToTree(this);
    }

    /**
     * Reads the entry of a {@code config.json}.
     *
     * @param file where it stands, for messages
     * @param config the whole file
     * @throws CheckpointException where there is none, it is another format's or a newer version's, or it is malformed
     */
    static QuantizationConfig read(Path file, JsonNode config) {
        JsonNode node = config.path(KEY);
        if (!node.isObject()) {
            throw new CheckpointException(file, "no " + KEY + ": not a packed model");
        }
        String quantMethod = node.path("quant_method").asText();
        if (!quantMethod.equals(QUANT_METHOD)) {
            throw new CheckpointException(
                    file, "quant_method is '" + quantMethod + "'; arvid reads '" + QUANT_METHOD + "'");
        }
        int version = node.path("format_version").asInt();
        if (version > VERSION) {
            throw new CheckpointException(
                    file,
                    "packed format version " + version + " is newer than version " + VERSION
                            + ", the newest that this arvid reads; use a newer arvid");
        }
        try {
            return JSON.treeToValue(node, QuantizationConfig.class);
        } catch (JsonProcessingException e) {
            throw new CheckpointException(file, KEY + " cannot be read: " + e.getOriginalMessage());
        }
    }
}
