package io.arvid.kernel;

import io.arvid.model.RolloutStep;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The last rounded input of each thread: layers that follow one another with the same input and the same rounding, such as q, k and v, round it once.
 * Holds native memory until it is closed.
 */
public final class RoundedInput implements AutoCloseable {
    private final ConcurrentHashMap<Thread, Last> lasts = new ConcurrentHashMap<>();
    private final java.util.concurrent.atomic.AtomicLong rounded = new java.util.concurrent.atomic.AtomicLong();

    private static final class Last {
        final RoundedRows rows = new RoundedRows();

        @Nullable
        Tensor input;

        long version;

        @Nullable
        InputRounding rounding;

        @Nullable
        RolloutStep step;
    }

    /** {@code input [rows, in]}, known by {@code identity}, the tensor that the layer was given, rounded. */
    RoundedRows of(Tensor identity, Tensor input, InputRounding rounding, RolloutStep step) {
        Last last = lasts.computeIfAbsent(Thread.currentThread(), thread -> new Last());
        if (last.input != identity
                || last.version != identity._version()
                || !rounding.equals(last.rounding)
                || !step.equals(last.step)) {
            last.input = null; // where rounding fails, the codes are nobody's
            last.rows.round(rounding, step, input);
            last.input = identity;
            last.version = identity._version();
            last.rounding = rounding;
            last.step = step;
            rounded.incrementAndGet();
        }
        return last.rows;
    }

    /** How many inputs were rounded so far. */
    public long roundings() {
        return rounded.get();
    }

    @Override
    public void close() {
        lasts.values().forEach(last -> last.rows.close());
        lasts.clear();
    }
}
