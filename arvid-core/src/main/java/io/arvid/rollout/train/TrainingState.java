package io.arvid.rollout.train;

import io.arvid.weights.CheckpointException;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.WeightMap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A training run on disk: everything to go on from after a stop, and the fingerprint of the recipe that it belongs to. */
public final class TrainingState {
    private static final String VERSION = "1";

    private TrainingState() {}

    /** Saves the optimizer's state to {@code file}, whole or not at all. */
    public static void save(Path file, Optimizer optimizer, String recipe) {
        SafetensorsWriter.write(
                file,
                optimizer.state(),
                Map.of("version", VERSION, "recipe", recipe, "steps", Long.toString(optimizer.steps())));
    }

    /**
     * Restores the optimizer from {@code file} where that exists.
     *
     * @throws CheckpointException where the file belongs to another recipe or version
     */
    public static void restore(Path file, Optimizer optimizer, String recipe) {
        if (!Files.exists(file)) {
            return;
        }
        Map<String, String> metadata = SafetensorsFile.header(file).metadata();
        if (!VERSION.equals(metadata.get("version"))) {
            throw new CheckpointException(
                    file, "training state of version " + metadata.get("version") + ", this is " + VERSION);
        }
        if (!recipe.equals(metadata.get("recipe"))) {
            throw new CheckpointException(
                    file, "training state of another recipe: " + metadata.get("recipe") + ", not " + recipe);
        }
        try (WeightMap state = SafetensorsFile.open(file)) {
            optimizer.restore(state, Long.parseLong(metadata.get("steps")));
        }
    }
}
