package io.arvid.model;

import io.arvid.tensor.Ops;
import io.arvid.tensor.onednn.Onednn;
import io.arvid.tensor.onednn.PackedLinear;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The layers in full precision. Weights of a small model are copied into oneDNN's order when a layer is first used, and again when they were written to.
 *
 * <p>Layers are libtorch's linear ones where gradients are recorded, where weights are being trained, are on a GPU or of a type that oneDNN has no fast
 * product for, and where the model's weights take more than 64 MiB: such a model has many rows to an input, beside which the order of the weights costs
 * nothing, while copies would double the memory of a mapped checkpoint.
 */
public final class PackedForward implements SiteForward {
    private static final long LARGEST_BYTES = 64L << 20;

    private final Function<LinearSite, Tensor> weights;
    private final Function<LinearSite, Tensor> biases;
    private final @Nullable Onednn onednn;
    private final Map<LinearSite, PackedLinear> layers = new ConcurrentHashMap<>();

    /** Layers at {@code sites} with {@code weights [out, in]} and {@code biases [out]}, which always give the same tensors of a site. */
    public PackedForward(
            List<LinearSite> sites, Function<LinearSite, Tensor> weights, Function<LinearSite, Tensor> biases) {
        this.weights = weights;
        this.biases = biases;
        boolean isSmall =
                sites.stream().mapToLong(site -> weights.apply(site).nbytes()).sum() <= LARGEST_BYTES;
        this.onednn = isSmall ? Onednn.find().orElse(null) : null;
    }

    @Override
    public Tensor apply(LinearSite site, RolloutStep step, Tensor input) {
        PackedLinear packed = packed(site);
        return packed != null && packed.takes(input)
                ? packed.multiply(input, false)
                : Ops.linear(input, weights.apply(site), biases.apply(site));
    }

    @Override
    public Tensor applyGelu(LinearSite site, RolloutStep step, Tensor input) {
        PackedLinear packed = packed(site);
        return packed != null && packed.takes(input)
                ? packed.multiply(input, true)
                : Ops.geluTanh(Ops.linear(input, weights.apply(site), biases.apply(site)));
    }

    /** Layers that were packed so far. */
    int packedLayers() {
        return layers.size();
    }

    private @Nullable PackedLinear packed(LinearSite site) {
        PackedLinear known = layers.get(site);
        if (known != null && known.isCurrent()) {
            return known;
        }
        Onednn library = onednn;
        if (library == null || !PackedLinear.fits(library, weights.apply(site), biases.apply(site))) {
            return null;
        }
        PackedLinear made = new PackedLinear(library, weights.apply(site), biases.apply(site));
        layers.put(site, made);
        return made;
    }
}
