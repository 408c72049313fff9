package io.arvid.rollout.kv;

import io.arvid.tensor.BitPacking;
import io.arvid.tensor.Ops;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Codes in blocks along the channels.
 *
 * @param quantizer how they were made
 * @param packed uint8 {@code [..., channels · bits / 8]}, the first code of a byte in its high bits
 * @param steps E4M3 {@code [..., blocks]}
 * @param zeros E4M3 {@code [..., blocks]}, or null where symmetric
 */
public record BlockCodes(
        BlockQuantizer quantizer,
        Tensor packed,
        Tensor steps,
        @Nullable Tensor zeros) {
    /** Codes as they count, signed where symmetric: float32 {@code [..., channels]}. */
    public Tensor codes() {
        return Ops.add(Ops.toF32(BitPacking.HIGH_FIRST.unpack(packed, quantizer.bits())), -quantizer.offset());
    }

    /** {@code code · step (+ zero)}: float32 {@code [..., channels]}. */
    public Tensor values() {
        Tensor values = codes().unflatten(-1, -1, quantizer.blockSize())
                .mul(Ops.toF32(steps).unsqueeze(-1));
        return (zeros == null ? values : values.add(Ops.toF32(zeros).unsqueeze(-1))).flatten(-2, -1);
    }

    /** Expected square of the rounding error: float32 {@code [..., channels]}. */
    public Tensor errorVariance() {
        return Ops.repeatInterleave(Ops.div(Ops.toF32(steps).square(), 12), quantizer.blockSize(), -1);
    }

    /** All tensors. */
    public List<Tensor> tensors() {
        return zeros == null ? List.of(packed, steps) : List.of(packed, steps, zeros);
    }
}
