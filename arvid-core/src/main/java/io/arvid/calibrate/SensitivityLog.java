package io.arvid.calibrate;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.weights.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Finished roll-outs of a sensitivity measurement, so that an interrupted one goes on where it stopped. Kept in memory, and in a small JSON file that
 * is rewritten whole after each.
 */
public final class SensitivityLog {
    private static final JsonMapper JSON = new JsonMapper();

    private final @Nullable Path file;
    private final String key;
    private final Map<String, List<Double>> runs;

    private SensitivityLog(@Nullable Path file, String key, Map<String, List<Double>> runs) {
        this.file = file;
        this.key = key;
        this.runs = runs;
    }

    /** A log that lasts as long as the process. */
    public static SensitivityLog inMemory() {
        return new SensitivityLog(null, "", new TreeMap<>());
    }

    /**
     * The log in {@code file}; empty where there is none, or one of another measurement.
     *
     * @param key names the measurement: everything that its numbers depend on, such as hashes of model, recipe, prompts and noise
     */
    public static SensitivityLog at(Path file, String key) {
        Map<String, List<Double>> runs = new TreeMap<>();
        if (Files.exists(file)) {
            try {
                JsonNode known = JSON.readTree(file.toFile());
                if (known.path("key").asText().equals(key)) {
                    runs.putAll(JSON.convertValue(known.path("runs"), new TypeReference<>() {}));
                }
            } catch (IOException | IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "sensitivity log " + file + " cannot be read; delete it to start over: " + e.getMessage(), e);
            }
        }
        return new SensitivityLog(file, key, runs);
    }

    /** Mean squared error of each frame in roll-out {@code run} of {@code prompt}, if it is finished. */
    public Optional<List<Double>> find(int prompt, String run) {
        return Optional.ofNullable(runs.get(name(prompt, run)));
    }

    /** Notes a finished roll-out. */
    public void put(int prompt, String run, List<Double> frameErrors) {
        runs.put(name(prompt, run), List.copyOf(frameErrors));
        if (file != null) {
            AtomicFile.write(
                    file, JSON.valueToTree(Map.of("key", key, "runs", runs)).toString());
        }
    }

    private static String name(int prompt, String run) {
        return prompt + "/" + run;
    }
}
