package io.arvid.run;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.weights.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The folder in which a long run keeps its state, so that it goes on after an interruption. It belongs to one run: recipe, checkpoint, prompts, seed, size and
 * version of the form are noted in {@code state.json}, and a folder of another run is refused.
 *
 * @param folder where it is
 */
public record StateFolder(Path folder) {
    private static final String FILE = "state.json";
    private static final String VERSION = "version";
    private static final int CURRENT = 1;
    private static final JsonMapper JSON = new JsonMapper();

    /**
     * The state folder of the run that {@code facts} describe; made where it is not there.
     *
     * @throws IllegalArgumentException naming what differs where it is of another run or version
     */
    public static StateFolder open(Path folder, Map<String, String> facts) {
        Map<String, String> noted = new LinkedHashMap<>();
        noted.put(VERSION, Integer.toString(CURRENT));
        noted.putAll(facts);
        Path file = folder.resolve(FILE);
        try {
            if (Files.exists(file)) {
                requireSame(folder, JSON.readValue(file.toFile(), new TypeReference<Map<String, String>>() {}), noted);
            } else {
                Files.createDirectories(folder);
                AtomicFile.write(file, JSON.valueToTree(noted).toPrettyString() + "\n");
            }
            return new StateFolder(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("the state in " + folder + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static void requireSame(Path folder, Map<String, String> there, Map<String, String> wanted) {
        List<String> differences = new ArrayList<>();
        wanted.forEach((name, value) -> {
            String other = there.getOrDefault(name, "nothing");
            if (!value.equals(other)) {
                differences.add(name + " (" + other + " there, " + value + " here)");
            }
        });
        if (!differences.isEmpty()) {
            throw new IllegalArgumentException("the state in " + folder + " is of another run: "
                    + String.join(", ", differences) + "; choose another folder with --state or remove it");
        }
    }

    /** The state of one part of the run. */
    public Path part(String name) {
        return folder.resolve(name);
    }

    /** What tells a checkpoint from another without reading all of it: its size and time of change. */
    public static String stamp(Path file) {
        try {
            return file.getFileName() + " " + Files.size(file) + " "
                    + Files.getLastModifiedTime(file).toMillis();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
