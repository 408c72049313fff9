package io.arvid.cli;

import io.arvid.record.Progress;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Plain lines where standard error is no terminal: at most one every few seconds, with the time that is left, and one at the end of a stage. */
final class LineProgress implements Progress {
    private static final long FIRST_LINE_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long BETWEEN_LINES_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final PrintStream err;
    private final LongSupplier nanoTime;

    LineProgress(PrintStream err) {
        this(err, System::nanoTime);
    }

    LineProgress(PrintStream err, LongSupplier nanoTime) {
        this.err = err;
        this.nanoTime = nanoTime;
    }

    @Override
    public Stage begin(String name, long steps) {
        return new LineStage(name, steps);
    }

    private final class LineStage implements Stage {
        private final String name;
        private final long steps;
        private final long began = nanoTime.getAsLong();
        private long nextLine = began + FIRST_LINE_NANOS;
        private long done;
        private long doneBefore;

        LineStage(String name, long steps) {
            this.name = name;
            this.steps = steps;
        }

        @Override
        public synchronized void step(long count) {
            done += count;
            long now = nanoTime.getAsLong();
            if (now >= nextLine && done < steps) {
                nextLine = now + BETWEEN_LINES_NANOS;
                long left = (long) ((double) (now - began) / (done - doneBefore) * (steps - done));
                err.printf("%s: %d of %d, about %s left%n", name, done, steps, clock(left));
            }
        }

        @Override
        public synchronized void resume(long count) {
            done += count;
            doneBefore += count;
        }

        @Override
        public synchronized void close() {
            err.printf("%s: %s%n", name, clock(nanoTime.getAsLong() - began));
        }
    }

    /** {@code 1:05} for 65 seconds; {@code 4.2 s} below ten seconds. */
    static String clock(long nanos) {
        double seconds = nanos / 1e9;
        if (seconds < 10) {
            return String.format("%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        return whole < 3600
                ? String.format("%d:%02d", whole / 60, whole % 60)
                : String.format("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    }
}
