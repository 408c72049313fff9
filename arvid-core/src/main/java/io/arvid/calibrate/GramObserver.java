package io.arvid.calibrate;

import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;

/** Products and sums of all tokens of each distinct input, however many prompts it hears. */
public final class GramObserver implements InputObserver, AutoCloseable {
    private final Predicate<LinearSite> wanted;
    private final SharedInput shared = new SharedInput();
    private final Map<String, TokenMoments> byInput = new LinkedHashMap<>();

    /** Listens to the layers that are {@code wanted}. */
    public GramObserver(Predicate<LinearSite> wanted) {
        this.wanted = wanted;
    }

    @Override
    public void observe(LinearSite site, RolloutStep step, Tensor input) {
        if (!wanted.test(site) || !shared.isObservedThrough(site)) {
            return;
        }
        int in = site.inFeatures();
        Tensor tokens = Ops.toF32(input).reshape(-1, in);
        byInput.computeIfAbsent(SharedInput.of(site), name -> owned(in)).add(tokens, 1);
    }

    private static TokenMoments owned(int in) {
        TokenMoments none = TokenMoments.none(in);
        none.tensors().forEach(TensorScope::own);
        return none;
    }

    /** The sums for the input of {@code site}. */
    public TokenMoments of(LinearSite site) {
        TokenMoments known = byInput.get(SharedInput.of(site));
        if (known == null) {
            throw new IllegalArgumentException("no input of " + site.name() + " was seen");
        }
        return known;
    }

    /** {@code sites} in runs whose matrices together take at most {@code bytes}, or one input at a time where one takes more. */
    public static List<List<LinearSite>> batches(Iterable<LinearSite> sites, int matricesPerInput, long bytes) {
        List<List<LinearSite>> batches = new ArrayList<>();
        List<LinearSite> batch = new ArrayList<>();
        Map<String, Long> taken = new LinkedHashMap<>();
        for (LinearSite site : sites) {
            long size = (long) matricesPerInput * DTypes.F64.bytes() * site.inFeatures() * site.inFeatures();
            boolean isNew = !taken.containsKey(SharedInput.of(site));
            long together = taken.values().stream().mapToLong(s -> s).sum() + size;
            if (isNew && !batch.isEmpty() && together > bytes) {
                batches.add(batch);
                batch = new ArrayList<>();
                taken.clear();
            }
            taken.put(SharedInput.of(site), size);
            batch.add(site);
        }
        if (!batch.isEmpty()) {
            batches.add(batch);
        }
        return batches;
    }

    @Override
    public void close() {
        byInput.values().forEach(moments -> moments.tensors().forEach(Tensor::close));
        byInput.clear();
    }
}
