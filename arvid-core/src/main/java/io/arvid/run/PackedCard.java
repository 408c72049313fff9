package io.arvid.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.model.wan.ModelCard;
import io.arvid.model.wan.WanConfig;
import io.arvid.pack.PackedModelFile;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.CheckpointFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * What {@code config.json} of a packed published model says of the checkpoint that was quantized: the sizes as a published {@code config.json} has them and,
 * under {@code arvid_source}, what the checkpoint was recognised as.
 */
final class PackedCard {
    private static final String SOURCE = "arvid_source";
    private static final JsonMapper JSON = new JsonMapper();

    private PackedCard() {}

    /** The entries that {@link #read} finds again, for a model of {@code config} from the checkpoint of {@code card}. */
    static ObjectNode write(WanConfig config, ModelCard card) {
        ObjectNode json = JSON.valueToTree(config);
        json.set(
                SOURCE,
                JSON.createObjectNode()
                        .put("model", card.model())
                        .put("title", card.title())
                        .put("origin", card.origin().name())
                        .put("group", card.group()));
        return json;
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
