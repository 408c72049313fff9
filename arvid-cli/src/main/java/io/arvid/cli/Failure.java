package io.arvid.cli;

import io.arvid.tensor.Devices;
import io.arvid.tensor.Torch;
import io.arvid.weights.MissingFileException;
import java.io.FileNotFoundException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/** What a failed command says, in one line, and the code that it leaves with. */
final class Failure {
    static final int FAILED = 1;
    static final int MISSING = 3;

    private Failure() {}

    /** One line that says what went wrong. */
    static String describe(Throwable error) {
        return switch (error) {
            case NoSuchFileException e -> e.getFile() + ": no such file";
            case AccessDeniedException e -> e.getFile() + ": permission denied";
            case OutOfMemoryError e -> "out of memory: " + e.getMessage();
            case LinkageError e -> "cannot be loaded: " + line(e.getMessage());
            case RuntimeException e
            when e.getCause() != null && e.getCause().toString().equals(e.getMessage()) ->
                describe(e.getCause()); // It only wraps what went wrong.
            case RuntimeException e when e.getMessage() != null -> withReason(line(Torch.message(e)), e.getCause());
            default -> error.getMessage() == null ? error.getClass().getSimpleName() : line(error.getMessage());
        };
    }

    /** {@code message} with the reason that the system gave, where all that {@code cause} says is the name of the file. */
    private static String withReason(String message, @Nullable Throwable cause) {
        if (cause == null || !message.endsWith(String.valueOf(cause.getMessage()))) {
            return message;
        }
        return switch (cause) {
            case NoSuchFileException e when e.getReason() == null -> message + " (no such file)";
            case AccessDeniedException e when e.getReason() == null -> message + " (permission denied)";
            case FileAlreadyExistsException e when e.getReason() == null -> message + " (a file is in the way)";
            default -> message;
        };
    }

    /** 3 where a file or a device is missing, 1 for everything else. */
    static int exitCode(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof NoSuchFileException
                    || cause instanceof FileNotFoundException
                    || cause instanceof Devices.MissingDeviceException
                    || cause instanceof MissingFileException
                    || cause instanceof MissingException) {
                return MISSING;
            }
        }
        return FAILED;
    }

    /** {@code text} without line breaks. */
    static String line(@Nullable String text) {
        return String.valueOf(text).strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
