package io.arvid.quantize.gram;

import io.arvid.calibrate.Samples;
import io.arvid.tensor.TensorScope;

/**
 * The inputs of one layer in one prompt's roll-out, sample by sample the same passes and tokens.
 *
 * @param fullPrecision of the full-precision model
 * @param seen of the model whose earlier layers are quantized; the same where layers are calibrated on full-precision inputs
 */
public record PairedInputs(Samples fullPrecision, Samples seen) implements AutoCloseable {
    /** Takes the tensors out of the reach of every scope. */
    public PairedInputs owned() {
        TensorScope.own(fullPrecision.inputs());
        if (seen != fullPrecision) {
            TensorScope.own(seen.inputs());
        }
        return this;
    }

    /** The samples at {@code positions}. */
    public PairedInputs at(int... positions) {
        return new PairedInputs(fullPrecision.at(positions), seen.at(positions));
    }

    /** The inputs seen as their own target: what is left of the error is what the layer itself makes. Shares the tensors. */
    public PairedInputs local() {
        return new PairedInputs(seen, seen);
    }

    @Override
    public void close() {
        fullPrecision.inputs().close();
        if (seen != fullPrecision) {
            seen.inputs().close();
        }
    }
}
