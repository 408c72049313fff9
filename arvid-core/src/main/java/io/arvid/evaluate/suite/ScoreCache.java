package io.arvid.evaluate.suite;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.weights.AtomicFile;
import io.arvid.weights.FileHash;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Scores that were computed before, by metric, weights and content: renamed videos keep theirs, changed videos and weights get new ones.
 *
 * @param folder where they are kept; null for nowhere
 */
record ScoreCache(@Nullable Path folder) {
    private static final JsonMapper JSON = new JsonMapper();

    /** The scores under {@code key} of {@code metric}; computed and kept where there are none. */
    Scores get(String metric, String key, Supplier<Scores> compute) {
        if (folder == null) {
            return compute.get();
        }
        String hash = FileHash.of(metric + "\n" + key);
        Path file = folder.resolve(metric).resolve(hash.substring(0, 2)).resolve(hash + ".json");
        return read(file).orElseGet(() -> {
            Scores scores = compute.get();
            write(file, scores);
            return scores;
        });
    }

    /** Empty where there is no file, or one that is no scores: it is then computed again. */
    private static Optional<Scores> read(Path file) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            Scores scores = JSON.readValue(Files.readString(file), Scores.class);
            boolean whole = scores != null && scores.values() != null && scores.frames() != null;
            return whole ? Optional.of(scores) : Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static void write(Path file, Scores scores) {
        try {
            AtomicFile.write(file, JSON.writeValueAsString(scores));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("scores are always JSON: " + e.getOriginalMessage(), e);
        }
    }
}
