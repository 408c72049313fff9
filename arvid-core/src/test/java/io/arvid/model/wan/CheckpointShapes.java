package io.arvid.model.wan;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** Names and shapes of the published checkpoints, as text that compares well. */
public final class CheckpointShapes {
    private CheckpointShapes() {}

    /** Of the model that {@code testdata/golden/state_dict_shapes.json} calls {@code model}. */
    public static Map<String, String> published(String model) throws IOException {
        JsonNode file = new JsonMapper()
                .readTree(Path.of("..", "testdata", "golden", "state_dict_shapes.json")
                        .toFile());
        Map<String, String> shapes = new TreeMap<>();
        file.path(model)
                .path("shapes")
                .properties()
                .forEach(entry -> shapes.put(entry.getKey(), entry.getValue().toString()));
        return shapes;
    }

    /** Of the shapes that a configuration states. */
    public static Map<String, String> of(Map<String, long[]> shapes) {
        Map<String, String> texts = new TreeMap<>();
        shapes.forEach((name, shape) -> texts.put(name, Arrays.toString(shape).replace(" ", "")));
        return texts;
    }
}
