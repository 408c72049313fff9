package io.arvid.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.weights.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What quantizing by one recipe cost, and what it left.
 *
 * @param key everything that the packed model depends on, but for the program
 * @param sources commit of the program that made it
 * @param seconds wall-clock time of calibration and rounding
 * @param peakBytes largest resident memory of the process meanwhile; other recipes worked on at once count, too
 * @param bytes size of the packed transformer
 * @param parameters of the transformer
 * @param decibels signal over quantization noise of each layer's output on full-precision inputs
 */
record CellCost(
        String key,
        @Nullable String sources,
        double seconds,
        long peakBytes,
        long bytes,
        long parameters,
        Map<String, Double> decibels) {
    private static final String FILE_NAME = "cost.json";
    private static final JsonMapper JSON = new JsonMapper();

    /** Where the cost of the cell in {@code folder} is. */
    static Path file(Path folder) {
        return folder.resolve(FILE_NAME);
    }

    /** The cost in {@code folder}, if there is one of the same {@code key}. */
    static Optional<CellCost> read(Path folder, String key) {
        Path file = file(folder);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            CellCost cost = JSON.readValue(file.toFile(), CellCost.class);
            return key.equals(cost.key) ? Optional.of(cost) : Optional.empty();
        } catch (IOException e) {
            throw new IllegalArgumentException(file + ": cannot be read; delete its folder to start over", e);
        }
    }

    void write(Path folder) {
        try {
            AtomicFile.write(file(folder), JSON.writeValueAsString(this));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
