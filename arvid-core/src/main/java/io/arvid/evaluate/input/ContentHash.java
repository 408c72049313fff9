package io.arvid.evaluate.input;

import io.arvid.weights.FileHash;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** SHA-256 of a file's content, or of the names and contents of a folder's PNG files. */
public final class ContentHash {
    private ContentHash() {}

    /** The hash in lower-case hexadecimal. */
    public static String of(Path path) {
        FileHash hash = new FileHash();
        try {
            if (Files.isDirectory(path)) {
                for (Path file : VideoFolder.pngs(path)) {
                    hash.text(file.getFileName() + "\0" + Files.size(file)).content(file);
                }
            } else {
                hash.content(path);
            }
            return hash.hex();
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException(path + ": no such file", e);
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
