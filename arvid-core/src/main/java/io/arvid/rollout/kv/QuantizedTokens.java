package io.arvid.rollout.kv;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** The keys, or the values, of a run of tokens in few bits. Owns its tensors. */
public interface QuantizedTokens extends AutoCloseable {
    /** All tokens in floating point: float32 {@code [B, heads, tokens, headDim]}. */
    Tensor dequantize();

    /** Tokens {@code [start, end)} in floating point: float32 {@code [B, heads, end − start, headDim]}. */
    default Tensor dequantize(long start, long end) {
        return TensorScope.run(() -> Ops.slice(dequantize(), 2, start, end));
    }

    /**
     * Expected square of the rounding error of each channel, mean over the tokens: float32 {@code [B, heads, 1, headDim]}. Uniform rounding in steps
     * of s errs by s²/12.
     */
    Tensor errorVariance();

    /** All tensors. */
    List<Tensor> tensors();

    /** Bytes of all tensors. */
    default long bytes() {
        return tensors().stream().mapToLong(Tensor::nbytes).sum();
    }

    @Override
    default void close() {
        tensors().forEach(Tensor::close);
    }
}
