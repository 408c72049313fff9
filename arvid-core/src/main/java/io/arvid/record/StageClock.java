package io.arvid.record;

import java.util.ArrayList;
import java.util.List;

/**
 * Notes time and peak memory of every stage, and passes what it hears on to another listener.
 *
 * <p>Stages may lie inside one another; an outer stage's time and peak include the inner ones'.
 */
public final class StageClock implements Progress {
    private final Progress listener;
    private final List<StageRecord> stages = new ArrayList<>();
    private final List<Timed> open = new ArrayList<>();

    /** A clock whose stages {@code listener} hears too. */
    public StageClock(Progress listener) {
        this.listener = listener;
    }

    @Override
    public synchronized Stage begin(String name, long steps) {
        notePeak();
        Timed stage = new Timed(name, listener.begin(name, steps));
        open.add(stage);
        return stage;
    }

    /** Stages that have ended, in the order in which they ended. */
    public synchronized List<StageRecord> stages() {
        return List.copyOf(stages);
    }

    private void notePeak() {
        long peak = PeakMemory.restart();
        for (Timed stage : open) {
            stage.peakBytes = Math.max(stage.peakBytes, peak);
        }
    }

    private synchronized void end(Timed stage) {
        notePeak();
        if (open.remove(stage)) {
            stages.add(new StageRecord(
                    stage.name, stage.steps, (System.nanoTime() - stage.beganNanos) / 1e9, stage.peakBytes));
        }
    }

    private final class Timed implements Stage {
        private final String name;
        private final Stage heard;
        private final long beganNanos = System.nanoTime();
        private long steps;
        private long peakBytes;

        Timed(String name, Stage heard) {
            this.name = name;
            this.heard = heard;
        }

        @Override
        public void step(long count) {
            synchronized (StageClock.this) {
                steps += count;
            }
            heard.step(count);
        }

        @Override
        public void close() {
            heard.close();
            end(this);
        }
    }
}
