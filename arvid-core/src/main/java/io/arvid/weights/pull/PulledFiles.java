package io.arvid.weights.pull;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.weights.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Which repository each file of a folder was fetched from, noted in {@code .pulled.json}: no other file is ever replaced. */
final class PulledFiles {
    private static final JsonMapper JSON = new JsonMapper();

    private final Path file;
    private final Map<String, String> repositories = new TreeMap<>();

    private PulledFiles(Path file) {
        this.file = file;
    }

    /** Of {@code folder}; a note that cannot be read counts as none. */
    static PulledFiles of(Path folder) {
        PulledFiles pulled = new PulledFiles(folder.resolve(".pulled.json"));
        if (Files.isRegularFile(pulled.file)) {
            try {
                pulled.repositories.putAll(
                        JSON.readValue(pulled.file.toFile(), new TypeReference<Map<String, String>>() {}));
            } catch (IOException e) {
                pulled.repositories.clear();
            }
        }
        return pulled;
    }

    /** True where {@code entry} was fetched from {@code repository}. */
    boolean isFrom(RemoteRepository repository, RemoteEntry entry) {
        return repository.name().equals(repositories.get(entry.path()));
    }

    /** Notes that {@code entry} is there as {@code repository} has it. */
    void note(RemoteRepository repository, RemoteEntry entry) {
        if (!repository.name().equals(repositories.put(entry.path(), repository.name()))) {
            AtomicFile.write(file, JSON.valueToTree(repositories).toPrettyString() + "\n");
        }
    }
}
