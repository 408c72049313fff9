package io.arvid.quantize.fit;

import io.arvid.quantize.scheme.Correction.Rotation;
import io.arvid.quantize.scheme.RotationMatrix;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * Rotates every block of neighbouring input channels by one orthogonal matrix R (QuaRot, arXiv 2404.00456, in blocks; ConvRot's INT8 checkpoints):
 * {@code (x R)(W R)ᵀ = x Wᵀ}, with the magnitude of single channels spread over their block. Both families are symmetric: rotating twice is rotating
 * back.
 *
 * @param rotation family and block size
 */
public record BlockRotation(Rotation rotation) {
    /**
     * The largest block of {@code kind} that divides {@code inFeatures} and is at most {@code largest}; 1 where there is none.
     *
     * <p>1536 = 3 · 512 and 8960 = 35 · 256 leave Sylvester blocks of 512 and 256, and ConvRot blocks of 256.
     */
    public static BlockRotation largest(Rotation.Kind kind, int inFeatures, int largest) {
        int base = smallest(kind);
        int size = 1;
        while (size * base <= largest && inFeatures % (size * base) == 0) {
            size *= base;
        }
        return new BlockRotation(new Rotation(kind, size));
    }

    /** Channels of the smallest block of {@code kind} that mixes any; all others are powers of it. */
    public static int smallest(Rotation.Kind kind) {
        return switch (kind) {
            case SYLVESTER -> 2;
            case CONV_ROT -> 4;
        };
    }

    /** x {@code [..., in]} rotated along its last dimension. */
    public Tensor apply(Tensor x) {
        int size = rotation.blockSize();
        return x.reshape(x.numel() / size, size)
                .matmul(Ops.toTypeOf(RotationMatrix.of(rotation), x))
                .reshape(Tensors.shape(x));
    }
}
