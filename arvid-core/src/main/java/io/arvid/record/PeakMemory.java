package io.arvid.record;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The largest resident memory of this process ({@code VmHWM} of Linux, which counts the Java heap, libtorch and mapped files alike).
 *
 * <p>Elsewhere than on Linux all of it reads 0.
 */
public final class PeakMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path CLEAR = Path.of("/proc/self/clear_refs");

    /** What {@code clear_refs} takes for "let the high-water mark begin again at the present size". */
    private static final String RESET_HIGH_WATER_MARK = "5";

    private static final List<Watch> OPEN = new ArrayList<>();

    private PeakMemory() {}

    /** The peak of a stretch of time, whatever others are watched meanwhile; it belongs to the whole process. */
    public static final class Watch implements AutoCloseable {
        private long peak;

        private Watch() {}

        /** Peak since the watch began, in bytes. */
        public long peakBytes() {
            synchronized (OPEN) {
                noteOpen(bytes());
                return peak;
            }
        }

        @Override
        public void close() {
            synchronized (OPEN) {
                noteOpen(bytes());
                OPEN.remove(this);
            }
        }
    }

    /** Begins to watch. */
    public static Watch watch() {
        synchronized (OPEN) {
            noteOpen(restart());
            Watch watch = new Watch();
            OPEN.add(watch);
            return watch;
        }
    }

    private static void noteOpen(long bytes) {
        OPEN.forEach(watch -> watch.peak = Math.max(watch.peak, bytes));
    }

    /** Peak since the process began or since {@link #watch()} was last called, in bytes. */
    public static long bytes() {
        return statusBytes("VmHWM:");
    }

    /** Resident memory now, in bytes. */
    public static long residentBytes() {
        return statusBytes("VmRSS:");
    }

    /** Lets the peak begin again at the present size; returns the peak until now. */
    private static long restart() {
        long peak = bytes();
        if (Files.isWritable(CLEAR)) {
            try {
                Files.writeString(CLEAR, RESET_HIGH_WATER_MARK);
            } catch (IOException e) {
                // A sandbox may forbid it; the peak is then that of the whole process, which is no less than the
                // stage's.
                return peak;
            }
        }
        return peak;
    }

    private static long statusBytes(String key) {
        if (!Files.isReadable(STATUS)) {
            return 0;
        }
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(key)) {
                    return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
                }
            }
        } catch (IOException e) {
            return 0;
        }
        return 0;
    }
}
