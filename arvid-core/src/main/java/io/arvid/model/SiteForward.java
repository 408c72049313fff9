package io.arvid.model;

import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/** How a linear layer is computed: the seam where quantization, integer kernels and calibration enter. */
@FunctionalInterface
public interface SiteForward {
    /**
     * The layer's output, bias included.
     *
     * @param site which layer
     * @param step where in the roll-out
     * @param input {@code [..., site.inFeatures]} in the model's dtype
     * @return {@code [..., site.outFeatures]} in the model's dtype
     */
    Tensor apply(LinearSite site, RolloutStep step, Tensor input);

    /** GELU (tanh) of the layer's output: {@link #apply} and the function after it, which a kernel may compute together. */
    default Tensor applyGelu(LinearSite site, RolloutStep step, Tensor input) {
        return Ops.geluTanh(apply(site, step, input));
    }
}
