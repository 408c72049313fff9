package io.arvid.weights;

import java.io.Serial;
import java.nio.file.Path;

/** A file of weights that cannot be used; the message is one line that names the file and the defect. */
public sealed class CheckpointException extends RuntimeException permits MissingFileException {
    @Serial
    private static final long serialVersionUID = 1;

    /** A defect of {@code file}. */
    public CheckpointException(Path file, String defect) {
        super(file + ": " + defect);
    }

    /** A defect of a set of weights that is not one file. */
    public CheckpointException(String defect) {
        super(defect);
    }
}
