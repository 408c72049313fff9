package io.arvid.record;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Room on the disk, looked at before the work begins. */
public final class DiskSpace {
    private DiskSpace() {}

    /**
     * Checks that {@code folder}, which need not be there yet, has room to grow to {@code bytes}.
     *
     * @throws IllegalArgumentException naming what is needed and what is free
     */
    public static void require(Path folder, long bytes) {
        Path there = folder.toAbsolutePath();
        while (!Files.exists(there)) {
            there = there.getParent();
        }
        try {
            long missing = bytes - used(folder);
            long free = Files.getFileStore(there).getUsableSpace();
            if (missing > free) {
                throw new IllegalArgumentException("needs about " + MemoryPlan.text(missing) + " more on the disk of "
                        + folder + ", where " + MemoryPlan.text(free) + " are free");
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot see how much room there is in " + there + ": " + e.getMessage(), e);
        }
    }

    private static long used(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }
}
