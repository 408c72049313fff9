package io.arvid.pack;

/**
 * How large a packed model is.
 *
 * @param parameters weights and biases of the whole model
 * @param bytes all tensors
 * @param quantizedParameters weights and biases of the quantized layers
 * @param quantizedBytes everything that these layers need: codes, scales, zero points, corrections, biases
 */
public record PackedSize(long parameters, long bytes, long quantizedParameters, long quantizedBytes) {
    private static final double BF16_BITS = 16;

    /** Bits a parameter of the whole model. */
    public double bitsPerParameter() {
        return 8.0 * bytes / parameters;
    }

    /** Bits a parameter of the quantized layers. */
    public double quantizedBitsPerParameter() {
        return quantizedParameters == 0 ? 0 : 8.0 * quantizedBytes / quantizedParameters;
    }

    /** How many times smaller than in bfloat16 the whole model is. */
    public double compression() {
        return BF16_BITS / bitsPerParameter();
    }

    /** Size of the quantized layers over their size in bfloat16. */
    public double quantizedShareOfBf16() {
        return quantizedBitsPerParameter() / BF16_BITS;
    }

    /** Two lines for people. */
    public String text() {
        return String.format(
                "whole model %.2f bits per parameter (%.2f times smaller than bf16, %.1f MB)%n"
                        + "quantized layers %.2f bits per parameter (%.3f of bf16, %.1f MB)",
                bitsPerParameter(),
                compression(),
                bytes / 1e6,
                quantizedBitsPerParameter(),
                quantizedShareOfBf16(),
                quantizedBytes / 1e6);
    }
}
