package io.arvid.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A folder that one process at a time works in, until {@link #close} or the end of the process. */
public final class FolderLock implements AutoCloseable {
    private static final String FILE = ".lock";

    private final String name;
    private final FileChannel channel;

    private FolderLock(String name, FileChannel channel) {
        this.name = name;
        this.channel = channel;
    }

    /**
     * Takes {@code folder}, which is made where it is missing.
     *
     * @param name what messages call it
     * @throws IllegalArgumentException where another process has it
     */
    public static FolderLock take(Path folder, String name) {
        try {
            Files.createDirectories(folder);
            FileChannel channel =
                    FileChannel.open(folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (isHeld(channel)) {
                channel.close();
                throw new IllegalArgumentException(
                        name + " is being used by another process; wait for it or choose another folder");
            }
            return new FolderLock(name, channel);
        } catch (IOException e) {
            throw new UncheckedIOException(name + " cannot be used: " + e.getMessage(), e);
        }
    }

    private static boolean isHeld(FileChannel channel) {
        try {
            return channel.tryLock() == null;
        } catch (OverlappingFileLockException e) {
            return true; // By this process: the same to the caller.
        } catch (IOException e) {
            return false; // Some network file systems have no locks; nobody is kept out there.
        }
    }

    /** Another process may take the folder from now on. */
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(name + " cannot be released: " + e.getMessage(), e);
        }
    }
}
