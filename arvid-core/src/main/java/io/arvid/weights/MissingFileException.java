package io.arvid.weights;

import java.io.Serial;
import java.nio.file.Path;

/** A file that is not there. */
public final class MissingFileException extends CheckpointException {
    @Serial
    private static final long serialVersionUID = 1;

    /** {@code file} is missing; {@code message} says so. */
    public MissingFileException(Path file, String message) {
        super(file, message);
    }

    /** A file without a known place is missing; {@code message} says which. */
    public MissingFileException(String message) {
        super(message);
    }
}
