package io.arvid.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Files that are there whole or not at all: written beside their place, flushed to the disk, then renamed. */
public final class AtomicFile {
    /** Writes the content. */
    @FunctionalInterface
    public interface Content {
        /** Writes everything to {@code channel}. */
        void writeTo(FileChannel channel) throws IOException;
    }

    /** Writes the content of a file that can only be named, not handed over as a channel. */
    @FunctionalInterface
    public interface NamedContent {
        /** Writes everything to {@code file}. */
        void writeTo(Path file) throws IOException;
    }

    /** Name, process, thread. */
    private static final Pattern ABANDONED = Pattern.compile("\\..+\\.\\d+\\.\\d+\\.tmp");

    /** What to remove when the process is stopped in the middle of writing. */
    private static final Set<Path> UNFINISHED = ConcurrentHashMap.newKeySet();

    static {
        try {
            Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(AtomicFile::removeUnfinished));
        } catch (IllegalStateException e) {
            // The process is being stopped already, before anything was written.
        }
    }

    private AtomicFile() {}

    /** Writes {@code file}, replacing what was there; on failure the old file stays and nothing half-written is left. */
    public static void write(Path file, Content content) {
        writeNamed(file, temporary -> {
            try (FileChannel channel = FileChannel.open(
                    temporary,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                content.writeTo(channel);
                channel.force(true);
            }
        });
    }

    /** The same for a writer that opens its file by name: it is given the temporary name, whose ending says nothing of the format. */
    public static void writeNamed(Path file, NamedContent content) {
        Path folder = file.toAbsolutePath().getParent();
        Path temporary = folder.resolve("." + file.getFileName() + "."
                + ProcessHandle.current().pid() + "." + Thread.currentThread().threadId() + ".tmp");
        try {
            Files.createDirectories(folder);
            mind(temporary);
            content.writeTo(temporary);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("could not write " + file + ": " + e.getMessage(), e);
        } finally {
            remove(temporary);
        }
    }

    /** Removes {@code temporary}, a file or a folder with what is in it, and no longer minds it. */
    static void remove(Path temporary) {
        try {
            delete(temporary);
            UNFINISHED.remove(temporary);
        } catch (IOException | UncheckedIOException e) {
            // Nothing was lost: the file itself is whole, or another failure is already on its way. It is tried again
            // at the end.
            UNFINISHED.add(temporary);
        }
    }

    /** Deletes {@code path}, a file or a folder with what is in it, where it is there. */
    static void delete(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    /**
     * Removes what processes that were killed left half-written in {@code folder} and below it, those that had the number of this one, too, as in containers;
     * no other process may be writing there.
     */
    public static void removeAbandoned(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.filter(AtomicFile::isAbandoned).toList().forEach(AtomicFile::remove);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder + ": " + e.getMessage(), e);
        }
    }

    /** A file of this process is abandoned, too, unless it is being written. */
    private static boolean isAbandoned(Path file) {
        Path name = file.getFileName();
        return ABANDONED.matcher(name.toString()).matches()
                && UNFINISHED.stream().noneMatch(minded -> name.equals(minded.getFileName()));
    }

    /** {@code temporary} is removed when the process is stopped before it was finished. */
    static void mind(Path temporary) {
        UNFINISHED.add(temporary);
    }

    /** Removes everything half-written: the process is being stopped. */
    public static void removeUnfinished() {
        UNFINISHED.forEach(AtomicFile::remove);
    }

    /** Writes {@code text} in UTF-8. */
    public static void write(Path file, String text) {
        write(file, text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    /** Writes {@code bytes}. */
    public static void write(Path file, byte[] bytes) {
        write(file, channel -> {
            java.nio.ByteBuffer buffer = java.nio.ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        });
    }
}
