package io.arvid.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** The steps of a training run as lines of JSON, written as they are made. */
public final class TrainingLog implements TrainingStep.Listener {
    private static final JsonMapper JSON = new JsonMapper();

    private final Path file;
    private boolean resumed;

    /** A log in {@code file}; a run that goes on from an earlier step drops the lines that it makes again, all at once or not at all. */
    public TrainingLog(Path file) {
        this.file = file;
    }

    @Override
    public void onStep(TrainingStep step) {
        try {
            if (!resumed) {
                dropFrom(step.step());
                resumed = true;
            }
            Files.writeString(
                    file, JSON.writeValueAsString(step) + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
        }
    }

    private void dropFrom(long step) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        StringBuilder kept = new StringBuilder();
        for (TrainingStep earlier : read(file)) {
            if (earlier.step() < step) {
                kept.append(JSON.writeValueAsString(earlier)).append('\n');
            }
        }
        Path whole = file.resolveSibling(file.getFileName() + ".tmp");
        Files.writeString(whole, kept);
        Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** The steps in {@code file}, in order; a last line that was cut off does not count. */
    public static List<TrainingStep> read(Path file) {
        List<TrainingStep> steps = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(file)) {
                try {
                    steps.add(JSON.readValue(line, TrainingStep.class));
                } catch (JsonProcessingException cutOff) {
                    return steps;
                }
            }
            return steps;
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
