package io.arvid.weights.pull;

import java.io.Serial;

/** A file that could not be fetched; the message is one line that names it and says what to do. */
public final class PullException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    PullException(String message) {
        super(message);
    }
}
