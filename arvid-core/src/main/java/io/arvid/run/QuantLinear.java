package io.arvid.run;

import io.arvid.kernel.Kernel;
import io.arvid.kernel.QuantGemm;
import io.arvid.model.LinearSite;

/**
 * A quantized layer of a model.
 *
 * @param site which layer
 * @param kernel what multiplies it
 * @param gemm the layer, ready to multiply
 */
public record QuantLinear(LinearSite site, Kernel kernel, QuantGemm gemm) implements AutoCloseable {
    @Override
    public void close() {
        gemm.close();
    }
}
