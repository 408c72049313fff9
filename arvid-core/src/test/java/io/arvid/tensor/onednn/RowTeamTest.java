package io.arvid.tensor.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.tensor.Torch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RowTeamTest {
    private static final int THREADS = 4;
    private static final long PAUSE_NANOS = 100_000_000;

    private int before;

    @BeforeEach
    void useSeveralThreads() {
        before = Torch.threads();
        Torch.setThreads(THREADS);
    }

    @AfterEach
    void useAsManyAsBefore() {
        Torch.setThreads(before);
    }

    /** Who catches the failure frees what the others still write to. */
    @Test
    void aFailureWaitsForTheOthers() {
        AtomicBoolean finished = new AtomicBoolean();
        IntConsumer task = part -> {
            if (part < THREADS - 1) {
                throw new IllegalArgumentException("part " + part);
            }
            long end = System.nanoTime() + PAUSE_NANOS;
            while (System.nanoTime() < end) {
                LockSupport.parkNanos(PAUSE_NANOS / 10);
            }
            finished.set(true);
        };
        assertThatThrownBy(() -> RowTeam.run(THREADS, task)).isInstanceOf(IllegalArgumentException.class);
        assertThat(finished).isTrue();
    }

    @Test
    void anInterruptIsKeptForLater() {
        AtomicInteger done = new AtomicInteger();
        Thread.currentThread().interrupt();
        RowTeam.run(64, part -> done.incrementAndGet());
        assertThat(Thread.interrupted()).isTrue();
        assertThat(done).hasValue(64);
    }
}
