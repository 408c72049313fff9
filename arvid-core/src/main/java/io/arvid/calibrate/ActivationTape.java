package io.arvid.calibrate;

import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;

/**
 * Records inputs of linear layers, a sample a pass (35 a video of 7 chunks with 4 denoising steps and a context pass). Layers that share an input share
 * its record. Of long passes a random subset of tokens is kept, the same for all layers of a pass, so that memory is bounded:
 * {@code passes × tokens × Σ distinct inputs × 4} bytes a video.
 */
public final class ActivationTape implements InputObserver, Recording {
    /** Tokens {@code [kept, in]} of one sample, and how many tokens of the pass each of them stands for. */
    record Recorded(Tensor tokens, RolloutStep step, double share) {}

    /** Smallest and largest values {@code [2, in]} of one sample. */
    record Ranged(Tensor rows, RolloutStep step) {}

    private final CalibrationRollouts.Wanted wanted;
    private final SharedInput shared = new SharedInput();
    private final Map<String, List<Recorded>> byInput = new LinkedHashMap<>();
    private final Map<String, List<Ranged>> ranges = new LinkedHashMap<>();

    /**
     * An empty tape.
     *
     * @param wanted layers whose inputs are recorded
     * @param tokensPerSample tokens kept of a pass; 0 for all
     * @param seed of the choice of tokens
     */
    public ActivationTape(Predicate<LinearSite> wanted, int tokensPerSample, long seed) {
        this(new CalibrationRollouts.Wanted(wanted, tokensPerSample, seed));
    }

    /** An empty tape for what is {@code wanted}. */
    public ActivationTape(CalibrationRollouts.Wanted wanted) {
        this.wanted = wanted;
    }

    @Override
    public void observe(LinearSite site, RolloutStep step, Tensor input) {
        if (step.chunk() < 0 || !wanted.sites().test(site) || !shared.isObservedThrough(site)) {
            return;
        }
        String name = SharedInput.of(site);
        for (int sample = 0; sample < input.size(0); sample++) {
            Tensor tokens = input.select(0, sample);
            if (wanted.extremes()) {
                ranges.computeIfAbsent(name, of -> new ArrayList<>())
                        .add(new Ranged(TensorScope.own(Extremes.rows(tokens)), step));
            }
            if (wanted.tokensPerSample() != CalibrationRollouts.Wanted.NO_TOKENS) {
                Tensor kept = Ops.copyF32(kept(tokens, step, wanted.tokensPerSample(), wanted.seed()));
                double share = (double) tokens.size(0) / kept.size(0);
                byInput.computeIfAbsent(name, of -> new ArrayList<>())
                        .add(new Recorded(TensorScope.own(kept), step, share));
            }
        }
    }

    /** All of {@code tokens [count, in]}, or a random {@code tokensPerSample} of them, the same for all layers of a pass. */
    static Tensor kept(Tensor tokens, RolloutStep step, int tokensPerSample, long seed) {
        long count = tokens.size(0);
        if (tokensPerSample == 0 || count <= tokensPerSample) {
            return tokens;
        }
        try (Seeds seeds = new Seeds(seed * 31 + step.chunk() * 1009L + step.pass())) {
            return tokens.index_select(0, Ops.slice(seeds.permutation(count), 0, 0, tokensPerSample));
        }
    }

    /** What was recorded of the input of {@code site}; passes with more tokens than the shortest give a random subset of that size. */
    @Override
    public Samples samples(LinearSite site) {
        List<Recorded> records = byInput.get(SharedInput.of(site));
        if (records == null) {
            throw new IllegalArgumentException("no input of " + site.name() + " was recorded");
        }
        return samples(records, wanted.seed());
    }

    @Override
    public Extremes extremes(LinearSite site) {
        return extremes(site, ranges.getOrDefault(SharedInput.of(site), List.of()));
    }

    /** Ranges from {@code recorded} rows of the passes. */
    static Extremes extremes(LinearSite site, List<Ranged> recorded) {
        if (recorded.isEmpty()) {
            throw new IllegalArgumentException("no range of the input of " + site.name() + " was recorded");
        }
        return Extremes.of(
                recorded.stream().map(Ranged::rows).toList(),
                recorded.stream().map(Ranged::step).toList());
    }

    /** Samples of equal size from {@code records}. */
    static Samples samples(List<Recorded> records, long seed) {
        long shortest = records.stream()
                .mapToLong(record -> record.tokens().size(0))
                .min()
                .orElseThrow();
        List<Tensor> tokens = new ArrayList<>();
        double[] shares = new double[records.size()];
        try (Seeds seeds = new Seeds(seed)) {
            for (int i = 0; i < shares.length; i++) {
                Recorded record = records.get(i);
                long count = record.tokens().size(0);
                tokens.add(
                        count == shortest
                                ? record.tokens()
                                : record.tokens().index_select(0, Ops.slice(seeds.permutation(count), 0, 0, shortest)));
                shares[i] = record.share() * count / shortest;
            }
        }
        List<RolloutStep> steps = records.stream().map(Recorded::step).toList();
        return new Samples(Ops.stack(0, tokens), steps, shares);
    }

    @Override
    public long bytes() {
        return byInput.values().stream()
                .flatMap(List::stream)
                .mapToLong(record -> record.tokens().nbytes())
                .sum();
    }

    @Override
    public void close() {
        byInput.values()
                .forEach(records -> records.forEach(record -> record.tokens().close()));
        byInput.clear();
        ranges.values().forEach(rows -> rows.forEach(row -> row.rows().close()));
        ranges.clear();
    }
}
