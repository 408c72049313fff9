package io.arvid.report;

import io.arvid.record.RunRecord;
import io.arvid.weights.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A run on disk: its record and the media that the record names.
 *
 * @param path the folder
 * @param record what happened
 */
public record RunFolder(Path path, RunRecord record) {
    /** Opens the run in {@code path}. */
    public static RunFolder open(Path path) {
        return new RunFolder(path, RunRecord.read(path));
    }

    /** Writes {@code record} into the folder {@code path}, which is made where it is missing. */
    public static RunFolder write(Path path, RunRecord record) {
        AtomicFile.write(path.resolve(RunRecord.FILE_NAME), record.toJson());
        return new RunFolder(path, record);
    }

    /** Content of the run's file {@code name}; names that lead out of the folder are refused. */
    byte[] bytes(String name) {
        Path file = path.resolve(name).normalize();
        if (!file.startsWith(path.normalize())) {
            throw new IllegalArgumentException(
                    path.resolve(RunRecord.FILE_NAME) + ": names a file outside its folder: " + name);
        }
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException(file + ": no such file, though the run's record names it", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
