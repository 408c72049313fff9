package io.arvid.run;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.weights.AtomicFile;
import io.arvid.weights.CheckpointFile;
import io.arvid.weights.FolderLock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The folder in which a long run keeps its state, so that it goes on after an interruption. It belongs to one run: recipe, checkpoint, prompts, seed, size and
 * version are noted in {@code state.json}, and a folder of another run is refused. One process at a time uses it, until {@link #close}.
 */
public final class StateFolder implements AutoCloseable {
    private static final String FILE = "state.json";
    private static final String VERSION = "version";
    /** Raise it whenever a change of the code changes the numbers that a run computes, or the form in which they are kept. */
    private static final int CURRENT = 4;

    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;
    private final FolderLock lock;

    private StateFolder(Path folder, FolderLock lock) {
        this.folder = folder;
        this.lock = lock;
    }

    /**
     * The state folder of the run that {@code facts} describe; made where it is not there. What a killed process left half-written is removed.
     *
     * @throws IllegalArgumentException where another process uses it, or naming what differs where it is of another run or version
     */
    public static StateFolder open(Path folder, Map<String, String> facts) {
        Map<String, String> noted = new LinkedHashMap<>();
        noted.put(VERSION, Integer.toString(CURRENT));
        noted.putAll(facts);
        StateFolder state = null;
        try {
            state = new StateFolder(folder, FolderLock.take(folder, "the state in " + folder));
            state.requireOrNote(noted);
            AtomicFile.removeAbandoned(folder);
            return state;
        } catch (IOException e) {
            close(state);
            throw new UncheckedIOException("the state in " + folder + " cannot be used: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            close(state);
            throw e;
        }
    }

    private static void close(@Nullable StateFolder state) {
        if (state != null) {
            state.close();
        }
    }

    private void requireOrNote(Map<String, String> wanted) throws IOException {
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            AtomicFile.write(file, JSON.valueToTree(wanted).toPrettyString() + "\n");
            return;
        }
        Map<String, String> there = JSON.readValue(file.toFile(), new TypeReference<Map<String, String>>() {});
        List<String> differences = new ArrayList<>();
        wanted.forEach((name, value) -> {
            String other = there.getOrDefault(name, "nothing");
            if (!value.equals(other)) {
                differences.add(name + " (" + other + " there, " + value + " here)");
            }
        });
        if (!differences.isEmpty()) {
            throw new IllegalArgumentException("the state in " + folder + " is of another run: "
                    + String.join(", ", differences) + "; choose another folder or remove it");
        }
    }

    /** Where it is. */
    public Path folder() {
        return folder;
    }

    /** The state of one part of the run. */
    public Path part(String name) {
        return folder.resolve(name);
    }

    /** What tells a checkpoint, with its shards, from another without reading all of it: size and time of change. */
    public static String stamp(Path file) {
        return CheckpointFile.parts(file).stream().map(StateFolder::stampOfPart).collect(Collectors.joining(", "));
    }

    private static String stampOfPart(Path file) {
        try {
            return file.getFileName() + " " + Files.size(file) + " "
                    + Files.getLastModifiedTime(file).toMillis();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Another process may use it from now on. */
    @Override
    public void close() {
        lock.close();
    }
}
