package io.arvid.quantize.qat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * A run on disk: parameters, optimizers, generated clips, and the facts that say which run it is. The rank of Φ follows from the number of steps.
 *
 * @param file where
 * @param facts what must not change, by name: recipe, model, data and sampler
 * @param changeable what may change between two parts of a run; a change is noted in {@link #CHANGES} beside the file
 */
record QatState(Path file, Map<String, String> facts, String changeable) {
    /** A line for each time that a run went on with other settings. */
    static final String CHANGES = "changes.txt";

    private static final String VERSION = "4";
    private static final String GENERATED = "generated.latents";
    private static final String PROMPTS = "generated.prompts";
    private static final JsonMapper JSON = new JsonMapper();

    /** Saves everything, whole or not at all. */
    void save(long steps, ParameterGroups groups, SelfForcedClips generated) {
        try (TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>(groups.state());
            if (!generated.isEmpty()) {
                tensors.put(GENERATED, generated.latents());
                tensors.put(PROMPTS, generated.prompts());
            }
            SafetensorsWriter.write(
                    file,
                    tensors,
                    Map.of(
                            "version",
                            VERSION,
                            "facts",
                            JSON.writeValueAsString(facts),
                            "changeable",
                            changeable,
                            "steps",
                            Long.toString(steps),
                            "groups",
                            JSON.writeValueAsString(groups.steps())));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot write the facts of a run", e);
        }
    }

    private void noteChange(Map<String, String> metadata) {
        String before = metadata.get("changeable");
        if (!changeable.equals(before)) {
            try {
                Files.writeString(
                        file.resolveSibling(CHANGES),
                        "after step " + metadata.get("steps") + ": " + changeable + ", before: " + before + "\n",
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot write beside " + file + ": " + e.getMessage(), e);
            }
        }
    }

    /**
     * Restores everything where the file exists; returns the steps made so far.
     *
     * @throws CheckpointException where the file is of another run, naming what differs, or of another version
     */
    long restore(ParameterGroups groups, SelfForcedClips generated) {
        if (!Files.exists(file)) {
            return 0;
        }
        Map<String, String> metadata = SafetensorsFile.header(file).metadata();
        if (!VERSION.equals(metadata.get("version"))) {
            throw new CheckpointException(
                    file, "training state of version " + metadata.get("version") + ", this is " + VERSION);
        }
        try (WeightMap state = SafetensorsFile.open(file)) {
            requireSame(JSON.readValue(metadata.getOrDefault("facts", "{}"), new TypeReference<>() {}));
            groups.restore(state, JSON.readValue(metadata.getOrDefault("groups", "{}"), new TypeReference<>() {}));
            if (state.has(GENERATED)) {
                generated.restore(state.get(GENERATED), state.get(PROMPTS));
            }
            noteChange(metadata);
            return Long.parseLong(metadata.get("steps"));
        } catch (JsonProcessingException e) {
            throw new CheckpointException(file, "cannot be read: " + e.getOriginalMessage());
        }
    }

    private void requireSame(Map<String, String> there) {
        List<String> differences = new ArrayList<>();
        facts.forEach((name, value) -> {
            String other = there.getOrDefault(name, "nothing");
            if (!value.equals(other)) {
                differences.add(name + " (" + other + " there, " + value + " here)");
            }
        });
        if (!differences.isEmpty()) {
            throw new CheckpointException(
                    file,
                    "training state of another run: " + String.join(", ", differences)
                            + "; choose another folder or remove it");
        }
    }
}
