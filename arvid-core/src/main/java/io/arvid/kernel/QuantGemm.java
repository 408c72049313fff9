package io.arvid.kernel;

import io.arvid.model.RolloutStep;
import org.bytedeco.pytorch.Tensor;

/** A packed layer, ready to multiply. Holds native memory until it is closed. May be used by several threads. */
public interface QuantGemm extends AutoCloseable {
    /**
     * The layer's output, bias and corrections included.
     *
     * @param step where in the roll-out
     * @param input {@code [..., in]}, float32 or bfloat16
     * @param shared rounded inputs that layers of one input share
     * @param activation what follows the layer
     * @return {@code [..., out]} in the dtype of the input, of the open scope
     */
    Tensor multiply(RolloutStep step, Tensor input, RoundedInput shared, Activation activation);

    /** Rounds {@code input} for {@link #multiply}, which then finds it in {@code shared}; nothing where the kernel does not round apart. */
    void round(RolloutStep step, Tensor input, RoundedInput shared);

    /** Bytes of native memory that the layer's weights take. */
    long bytes();

    @Override
    void close();
}
