package io.arvid.calibrate;

import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;

/** Largest magnitude of each input channel in each pass. Memory: a row a pass and distinct input. */
public final class MagnitudeObserver implements InputObserver, AutoCloseable {
    /**
     * Magnitudes of one input.
     *
     * @param rows float32 {@code [samples, in]}, in order of collection; a sample is one video's pass
     * @param steps where in the roll-out each sample is from
     */
    public record Magnitudes(Tensor rows, List<RolloutStep> steps) {
        /** Largest magnitude of each channel over all samples: {@code [in]}. */
        public Tensor largest() {
            return Ops.amax(rows, false, 0);
        }
    }

    private record Row(Tensor magnitudes, RolloutStep step) {}

    private final Predicate<LinearSite> wanted;
    private final SharedInput shared = new SharedInput();
    private final Map<String, List<Row>> byInput = new LinkedHashMap<>();

    /** Listens to the layers that are {@code wanted}. */
    public MagnitudeObserver(Predicate<LinearSite> wanted) {
        this.wanted = wanted;
    }

    @Override
    public void observe(LinearSite site, RolloutStep step, Tensor input) {
        if (!wanted.test(site) || !shared.isObservedThrough(site)) {
            return;
        }
        Tensor tokens = input.reshape(input.size(0), -1, input.size(-1));
        Tensor magnitudes = Ops.toF32(Ops.amax(tokens.abs(), false, 1));
        List<Row> rows = byInput.computeIfAbsent(SharedInput.of(site), name -> new ArrayList<>());
        for (long sample = 0; sample < magnitudes.size(0); sample++) {
            rows.add(new Row(TensorScope.own(Ops.copy(magnitudes.select(0, sample))), step));
        }
    }

    /** What was seen of the input of {@code site}. */
    public Magnitudes of(LinearSite site) {
        List<Row> rows = byInput.get(SharedInput.of(site));
        if (rows == null) {
            throw new IllegalArgumentException("no input of " + site.name() + " was seen");
        }
        return new Magnitudes(
                Ops.stack(0, rows.stream().map(Row::magnitudes).toList()),
                rows.stream().map(Row::step).toList());
    }

    @Override
    public void close() {
        byInput.values().forEach(rows -> rows.forEach(row -> row.magnitudes().close()));
        byInput.clear();
    }
}
