package io.arvid.kernel;

import io.arvid.pack.PackedLayer;
import java.util.EnumMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the kernel of each layer: the fastest that this machine has and that computes what the layer asks.
 *
 * @param wanted the only kernel to use, or null for the best of each layer
 */
public record KernelCatalogue(@Nullable Kernel wanted) {
    /** The best kernel of each layer. */
    public static final KernelCatalogue BEST = new KernelCatalogue(null);

    /**
     * A choice.
     *
     * @param kernel what runs the layer
     * @param refused faster kernels and why they cannot
     */
    public record Choice(Kernel kernel, Map<Kernel, String> refused) {}

    /**
     * The kernel of a layer.
     *
     * @throws IllegalArgumentException where the wanted kernel cannot run it, with the reason
     */
    public Choice choose(KernelSpec spec) {
        Map<Kernel, String> refused = new EnumMap<>(Kernel.class);
        for (Kernel kernel : Kernel.values()) {
            String reason = kernel.refusal().or(() -> kernel.refusal(spec)).orElse(null);
            if (wanted == kernel && reason != null) {
                throw new IllegalArgumentException("the kernel " + kernel.id() + " cannot be used: " + reason);
            }
            if (wanted != null && wanted != kernel) {
                continue; // the reader chose
            }
            if (reason == null) {
                return new Choice(kernel, refused);
            }
            refused.put(kernel, reason);
        }
        throw new IllegalStateException("no kernel runs " + spec);
    }

    /** {@code layer} with {@code bias [out]}, made ready for the kernel that is chosen. */
    public QuantGemm prepare(PackedLayer layer, Tensor bias) {
        return choose(KernelSpec.of(layer)).kernel().prepare(layer, bias);
    }
}
