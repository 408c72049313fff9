package io.arvid.cli;

import io.arvid.record.Progress;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import me.tongfei.progressbar.ProgressState;

/** One bar a stage with the time that is left. A stage inside another is not drawn: there is one line to draw on. */
final class TerminalProgress implements Progress {
    private static final int WIDEST = 110;

    private final PrintStream err;
    private final int columns;
    private final AtomicBoolean drawing = new AtomicBoolean();

    TerminalProgress(PrintStream err, int columns) {
        this.err = err;
        this.columns = Math.min(columns - 1, WIDEST);
    }

    @Override
    public Stage begin(String name, long steps) {
        if (!drawing.compareAndSet(false, true)) {
            return SILENT.begin(name, steps);
        }
        AtomicLong before = new AtomicLong();
        ProgressBar bar = new ProgressBarBuilder()
                .setTaskName(name)
                .setInitialMax(steps)
                .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BAR)
                .setUpdateIntervalMillis(200)
                .setEtaFunction(state -> left(state, before.get()))
                .setConsumer(new ConsoleProgressBarConsumer(err, columns))
                .build();
        return new Stage() {
            @Override
            public void step(long count) {
                bar.stepBy(count);
            }

            @Override
            public void resume(long count) {
                before.addAndGet(count);
                bar.stepBy(count);
            }

            @Override
            public void close() {
                bar.close();
                drawing.set(false);
            }
        };
    }

    /** What the steps that are left take at the pace of those that this process made. */
    private static Optional<Duration> left(ProgressState state, long before) {
        long made = state.getCurrent() - before;
        return made <= 0
                ? Optional.empty()
                : Optional.of(state.getElapsedAfterStart()
                        .multipliedBy(Math.max(0, state.getMax() - state.getCurrent()))
                        .dividedBy(made));
    }
}
