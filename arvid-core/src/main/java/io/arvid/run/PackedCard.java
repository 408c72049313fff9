package io.arvid.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.model.wan.ModelCard;
import io.arvid.model.wan.WanConfig;
import io.arvid.pack.PackedModelFile;
import io.arvid.rollout.preset.Preset;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.CheckpointFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code config.json} of a packed published model says of the checkpoint that was quantized: the sizes as a published {@code config.json} has them and,
 * under {@code arvid_source}, what the checkpoint was recognised as and how it was rolled out.
 */
final class PackedCard {
    private static final String SOURCE = "arvid_source";
    private static final String PRESET = "preset";
    private static final String ROLLOUT = "rollout";
    private static final JsonMapper JSON = new JsonMapper();

    private PackedCard() {}

    /** The entries that {@link #read} and {@link #difference} find again, for a model from the checkpoint of {@code card} that {@code preset} runs. */
    static ObjectNode write(WanConfig config, ModelCard card, Preset preset) {
        ObjectNode source = JSON.createObjectNode()
                .put("model", card.model())
                .put("title", card.title())
                .put("origin", card.origin().name())
                .put("group", card.group())
                .put(PRESET, preset.id());
        source.set(ROLLOUT, JSON.valueToTree(preset.rollout()));
        ObjectNode json = JSON.valueToTree(config);
        json.set(SOURCE, source);
        return json;
    }

    /** The settings that {@code packed} was quantized with where {@code preset} has others; null where it has none, or the model does not say. */
    static @Nullable String difference(PackedModelFile packed, Preset preset) {
        JsonNode source = packed.modelConfig().path(SOURCE);
        if (!source.has(PRESET)) {
            return null;
        }
        List<String> differences = new ArrayList<>();
        String quantized = source.path(PRESET).asText();
        if (!quantized.equals(preset.id())) {
            differences.add("preset '" + quantized + "'");
        }
        JsonNode now = JSON.valueToTree(preset.rollout());
        for (Map.Entry<String, JsonNode> setting : source.path(ROLLOUT).properties()) {
            if (!setting.getValue().toString().equals(now.path(setting.getKey()).toString())) {
                differences.add(setting.getKey() + " " + setting.getValue());
            }
        }
        return differences.isEmpty() ? null : String.join(", ", differences);
    }

    /** The card of the packed model in {@code folder}: that of its source, with the packed file in its place. */
    static ModelCard read(Path folder, PackedModelFile packed) {
        JsonNode json = packed.modelConfig();
        JsonNode source = json.path(SOURCE);
        if (!source.isObject()) {
            throw new CheckpointException(
                    folder.resolve("config.json"), "has no " + SOURCE + ": not packed by 'arvid quantize --preset'");
        }
        try {
            WanConfig config = JSON.treeToValue(json, WanConfig.class);
            return new ModelCard(
                    folder.resolve("model.safetensors"),
                    CheckpointFile.Format.SAFETENSORS,
                    source.path("group").asText(),
                    ModelCard.Network.TRANSFORMER,
                    source.path("model").asText(),
                    source.path("title").asText() + ", packed by " + packed.method(),
                    ModelCard.Origin.valueOf(source.path("origin").asText()),
                    ModelCard.Layout.ORIGINAL,
                    config,
                    new LinkedHashMap<>(),
                    packed.size().bytes(),
                    List.of(),
                    List.of(),
                    List.of());
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new CheckpointException(folder.resolve("config.json"), "cannot be read: " + e.getMessage());
        }
    }
}
