package io.arvid.rollout.kv;

import org.bytedeco.pytorch.Tensor;

/** A way of keeping the keys, or the values, of a run of tokens in few bits. */
@FunctionalInterface
public interface TokenQuantizer {
    /**
     * Quantizes.
     *
     * @param tokens keys or values {@code [B, heads, tokens, headDim]} of any floating type; not changed
     * @return their codes, which the caller closes
     */
    QuantizedTokens quantize(Tensor tokens);
}
