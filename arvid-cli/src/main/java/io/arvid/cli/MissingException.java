package io.arvid.cli;

import java.io.Serial;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file or a device that a command needs is not there: exit code 3. */
final class MissingException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    MissingException(String message) {
        super(message);
    }

    /** {@code path}, which must exist. */
    static Path require(Path path) {
        if (Files.notExists(path)) {
            throw new MissingException(path + ": no such file or folder");
        }
        return path;
    }
}
