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
        Timed stage = new Timed(name, listener.begin(name, steps));
        open.add(stage);
        return stage;
    }

    /** Stages that have ended, in the order in which they ended. */
    public synchronized List<StageRecord> stages() {
        return List.copyOf(stages);
    }

    private synchronized void end(Timed stage) {
        if (open.remove(stage)) {
            stage.memory.close();
            stages.add(new StageRecord(
                    stage.name, stage.steps, (System.nanoTime() - stage.beganNanos) / 1e9, stage.memory.peakBytes()));
        }
    }

    private final class Timed implements Stage {
        private final String name;
        private final Stage heard;
        private final long beganNanos = System.nanoTime();
        private final PeakMemory.Watch memory = PeakMemory.watch();
        private long steps;

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
