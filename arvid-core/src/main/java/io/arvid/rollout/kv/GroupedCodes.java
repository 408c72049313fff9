package io.arvid.rollout.kv;

import io.arvid.tensor.BitPacking;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Rows of codes in groups along the last dimension.
 *
 * @param bits width of a code
 * @param groupSize codes of a group
 * @param length codes of a row that mean something; padding follows
 * @param packed uint8 {@code [..., padded · bits / 8]}, the first code of a byte in its low bits
 * @param steps {@code [..., groups]}
 * @param minima {@code [..., groups]}
 */
public record GroupedCodes(int bits, int groupSize, long length, Tensor packed, Tensor steps, Tensor minima) {
    /** {@code code · step + min}: float32 {@code [..., length]}. */
    public Tensor values() {
        Tensor codes = BitPacking.LOW_FIRST.unpack(packed, bits).unflatten(-1, -1, groupSize);
        Tensor values = Ops.toF32(codes)
                .mul_(Ops.toF32(steps).unsqueeze(-1))
                .add_(Ops.toF32(minima).unsqueeze(-1));
        return Ops.slice(values.flatten(-2, -1), -1, 0, length);
    }

    /** The packed codes as little-endian 32-bit words, int32 {@code [..., padded · bits / 32]}: a view. */
    public Tensor words() {
        return Ops.reinterpret(packed, DTypes.I32);
    }

    /** All tensors. */
    public List<Tensor> tensors() {
        return List.of(packed, steps, minima);
    }
}
