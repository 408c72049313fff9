package io.arvid.kernel;

import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/** A function that follows a layer and may be computed with it. */
public enum Activation {
    NONE,
    /** GELU in its tanh approximation. */
    GELU_TANH;

    /** The function of {@code x}. */
    public Tensor of(Tensor x) {
        return this == NONE ? x : Ops.geluTanh(x);
    }
}
