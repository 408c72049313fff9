package io.arvid.calibrate;

import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Smallest and largest value that each input channel of each layer has taken. Memory: two rows a layer, however long it listens. */
public final class RangeObserver implements InputObserver, AutoCloseable {
    /**
     * Range of each channel.
     *
     * @param low float32 {@code [in]}
     * @param high float32 {@code [in]}
     */
    public record Ranges(Tensor low, Tensor high) {
        /** Largest magnitude of each channel, {@code [in]}. */
        public Tensor magnitudes() {
            return low.abs().max(high.abs());
        }
    }

    private final SharedInput shared = new SharedInput();
    private final Map<String, Ranges> byInput = new LinkedHashMap<>();

    @Override
    public void observe(LinearSite site, RolloutStep step, Tensor input) {
        if (!shared.isObservedThrough(site)) {
            return;
        }
        Tensor rows = Ops.toF32(input).reshape(-1, input.size(-1));
        Tensor low = Ops.amin(rows, false, 0);
        Tensor high = Ops.amax(rows, false, 0);
        Ranges known = byInput.get(SharedInput.of(site));
        if (known == null) {
            byInput.put(SharedInput.of(site), new Ranges(TensorScope.own(low), TensorScope.own(high)));
        } else {
            known.low().copy_(known.low().min(low));
            known.high().copy_(known.high().max(high));
        }
    }

    /** Range of each input channel of {@code site}. */
    public Ranges ranges(LinearSite site) {
        Ranges known = byInput.get(SharedInput.of(site));
        if (known == null) {
            throw new IllegalArgumentException("no input of " + site.name() + " was seen");
        }
        return known;
    }

    @Override
    public void close() {
        byInput.values().forEach(ranges -> {
            ranges.low().close();
            ranges.high().close();
        });
        byInput.clear();
    }
}
