package io.arvid.rollout.preset;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.wan.ModelCard;
import io.arvid.rollout.RolloutConfig;
import io.arvid.weights.NearestName;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The presets that come with arvid, and those in files of the same form. */
public final class Presets {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private Presets() {}

    /** All presets that come with arvid. */
    public static List<Preset> all() {
        try (InputStream in = Presets.class.getResourceAsStream("presets.json")) {
            return JSON.readValue(in, new TypeReference<>() {});
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The preset called {@code name}, or the one in the JSON file {@code name}.
     *
     * @throws IllegalArgumentException naming the nearest preset where there is none
     */
    public static Preset find(String name) {
        if (name.endsWith(".json")) {
            return read(Path.of(name));
        }
        List<Preset> all = all();
        List<String> ids = all.stream().map(Preset::id).toList();
        return all.stream()
                .filter(preset -> preset.id().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no preset '" + name + "'; did you mean '"
                        + NearestName.of(name, ids) + "'? There are " + String.join(", ", ids)));
    }

    /** The presets whose transformer {@code card} may be. */
    public static List<Preset> fitting(ModelCard card) {
        return all().stream().filter(preset -> preset.fits(card)).toList();
    }

    /** The preset other than {@code preset} that may run {@code card} and has it in a file of its own; null where there is none, and for random weights. */
    public static @Nullable Preset otherOwner(Preset preset, ModelCard card) {
        if (card.origin() == ModelCard.Origin.SYNTHETIC || preset.owns(card)) {
            return null;
        }
        return all().stream()
                .filter(other -> !other.id().equals(preset.id()))
                .filter(other -> other.mayFit(card) && other.owns(card))
                .findFirst()
                .orElse(null);
    }

    private static Preset read(Path file) {
        try {
            JsonNode tree = JSON.readTree(Files.readString(file));
            requireKnown(file, tree, Preset.class);
            requireKnown(file, tree.path("rollout"), RolloutConfig.class);
            return JSON.treeToValue(tree, Preset.class);
        } catch (IOException e) {
            String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            throw new IllegalArgumentException("preset " + file + ": " + reason, e);
        }
    }

    private static void requireKnown(Path file, JsonNode object, Class<? extends Record> type) {
        List<String> known = Arrays.stream(type.getRecordComponents())
                .map(component -> component.getAccessor().isAnnotationPresent(JsonProperty.class)
                        ? component
                                .getAccessor()
                                .getAnnotation(JsonProperty.class)
                                .value()
                        : component.getName())
                .toList();
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            if (!known.contains(field.getKey())) {
                throw new IllegalArgumentException("preset " + file + ": unknown key '" + field.getKey()
                        + "'; did you mean '" + NearestName.of(field.getKey(), known) + "'?");
            }
        }
    }
}
