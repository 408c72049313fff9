package io.arvid.cli;

import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.WorldSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;

/** Where arvid's own files lie, and the prompts of the bundled world. */
final class Home {
    /** As many as any recipe for the bundled model uses. */
    static final int CALIBRATION_PROMPTS = 128;

    private static final long HELD_OUT_SEED = 1;

    private Home() {}

    /** The folder of the launcher. */
    static Path path() {
        return Path.of(System.getProperty("arvid.home", "."));
    }

    /** The bundled model. */
    static Path bundledModel() {
        return path().resolve("models").resolve("shapes");
    }

    /** The networks of {@code fvd-shapes} and {@code lpips-shapes}. */
    static Path bundledMetrics() {
        return path().resolve("models").resolve("shapes-metrics");
    }

    /** The recipe files. */
    static Path recipes() {
        return path().resolve("recipes");
    }

    /** Prompts that the bundled model never saw in training. */
    static List<String> heldOutPrompts(int count) {
        return new ShapesWorld(WorldSpec.DEFAULT).heldOutPrompts(count, HELD_OUT_SEED);
    }

    /** Prompts like those that the bundled model was trained on. */
    static List<String> calibrationPrompts(int count) {
        ShapesWorld world = new ShapesWorld(WorldSpec.DEFAULT);
        return LongStream.range(0, count)
                .mapToObj(seed -> world.trainingScene(-1 - seed).prompt())
                .toList();
    }

    /** The lines of {@code file} that are not blank, without a byte-order mark; {@code IllegalArgumentException} where there are none. */
    static List<String> lines(Path file) {
        try {
            String text = Files.readString(MissingException.require(file));
            List<String> lines = (text.startsWith("\ufeff") ? text.substring(1) : text)
                    .lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .toList();
            if (lines.isEmpty()) {
                throw new IllegalArgumentException(file + ": has no prompt, which is a line that is not blank");
            }
            return lines;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(file + ": is no text in UTF-8", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
