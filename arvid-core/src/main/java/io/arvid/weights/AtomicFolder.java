package io.arvid.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Folders that are there whole or not at all: filled beside their place, then renamed. */
public final class AtomicFolder {
    private AtomicFolder() {}

    /**
     * Creates {@code folder}, which must not exist or be empty.
     *
     * @param content fills the folder that it is given; where it fails, nothing is left
     * @throws CheckpointException where {@code folder} exists and is not an empty folder
     */
    public static void write(Path folder, Consumer<Path> content) {
        Path target = folder.toAbsolutePath().normalize();
        requireFree(target);
        Path temporary = target.resolveSibling(
                "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
        try {
            removeAbandoned(target);
            AtomicFile.mind(temporary);
            // In containers, a killed process often had the number of this one.
            AtomicFile.delete(temporary);
            Files.createDirectories(temporary);
            content.accept(temporary);
            Files.deleteIfExists(target);
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("could not write " + folder + ": " + e.getMessage(), e);
        } finally {
            AtomicFile.remove(temporary);
        }
    }

    /** Removes {@code path}, a file or a folder with what is in it, where it is there. */
    public static void remove(Path path) {
        try {
            AtomicFile.delete(path);
        } catch (IOException | UncheckedIOException e) {
            throw new UncheckedIOException(
                    "cannot remove " + path + ": " + e.getMessage(),
                    e instanceof IOException plain ? plain : ((UncheckedIOException) e).getCause());
        }
    }

    /** Removes what processes that were killed left of {@code target} beside it. */
    private static void removeAbandoned(Path target) throws IOException {
        Pattern name = Pattern.compile(Pattern.quote("." + target.getFileName()) + "\\.(\\d{1,9})\\.tmp");
        Path parent = target.getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            return;
        }
        try (Stream<Path> siblings = Files.list(parent)) {
            for (Path sibling : siblings.toList()) {
                Matcher matcher = name.matcher(sibling.getFileName().toString());
                if (matcher.matches()
                        && ProcessHandle.of(Long.parseLong(matcher.group(1))).isEmpty()) {
                    AtomicFile.remove(sibling);
                }
            }
        }
    }

    /** Refuses a place that is taken, before any work is done for it. */
    public static void requireFree(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> entries = Files.isDirectory(folder) ? Files.list(folder) : Stream.of(folder)) {
            if (entries.findAny().isPresent()) {
                throw new CheckpointException(folder, "exists already; choose another place or remove it");
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder + ": " + e.getMessage(), e);
        }
    }

    /**
     * Makes {@code folder} where it is missing, and refuses one that nothing can be written to, before any work is done for it.
     *
     * @throws UncheckedIOException naming the folder
     */
    public static void requireWritable(Path folder) {
        try {
            Files.createDirectories(folder);
            Files.delete(Files.createTempFile(folder, ".", ".tmp"));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write to " + folder + ": " + e.getMessage(), e);
        }
    }
}
