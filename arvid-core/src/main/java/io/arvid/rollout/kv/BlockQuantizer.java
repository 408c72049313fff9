package io.arvid.rollout.kv;

import io.arvid.tensor.BitPacking;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Blocks along the channels of a token with an eight-bit float step each (Quant VideoGen {@code real/quant_pack.py}).
 *
 * <p>Symmetric: step = max|x| / P with P = 2^(bits−1) − 1, code = clamp(round(x / step), −P, P), stored plus P. Asymmetric:
 * step = (max − min) / (2^bits − 1), zero = min, code = clamp(round((x − zero) / step), 0, 2^bits − 1). Steps and zeros are rounded to E4M3 before they
 * are used; halves round away from zero. Where a step vanishes in E4M3 its codes are 0.
 *
 * @param bits width of a code: 2 or 4 (8 is possible too)
 * @param blockSize channels of a block; divides the channels
 * @param asymmetric true for a range with a zero, false for a range around 0
 */
public record BlockQuantizer(int bits, int blockSize, boolean asymmetric) {
    private static final double SMALLEST_STEP = 1e-10;
    private static final double LARGEST_E4M3 = 448;

    /** Quantizes {@code x [..., channels]}, float32. The tensors belong to the open scope. */
    public BlockCodes quantize(Tensor x) {
        if (x.size(-1) % blockSize != 0) {
            throw new IllegalArgumentException(x.size(-1) + " channels do not divide into blocks of " + blockSize);
        }
        Tensor step = toE4m3(exactSteps(x));
        Tensor zero = asymmetric ? toE4m3(exactZeros(x)) : null;
        Tensor blocks = x.unflatten(-1, -1, blockSize);
        Tensor shifted = zero == null ? blocks : blocks.sub(Ops.toF32(zero).unsqueeze(-1));
        Tensor wide = Ops.toF32(step).unsqueeze(-1);
        Tensor rounded = roundHalfAway(shifted.div(wide)).masked_fill(wide.eq(new Scalar(0)), new Scalar(0));
        Tensor codes = Ops.clamp(rounded, lowest(), highest()).flatten(-2, -1);
        Tensor packed = BitPacking.HIGH_FIRST.pack(Ops.to(Ops.add(codes, offset()), DTypes.U8), bits);
        return new BlockCodes(this, packed, step, zero);
    }

    /** Steps of {@code x [..., channels]} before they are rounded to E4M3: float32 {@code [..., blocks]}. */
    public Tensor exactSteps(Tensor x) {
        Tensor blocks = x.unflatten(-1, -1, blockSize);
        Tensor range = asymmetric
                ? Ops.amax(blocks, false, -1).sub(Ops.amin(blocks, false, -1))
                : Ops.amax(blocks.abs(), false, -1);
        return Ops.clampMin(Ops.div(range, highest()), SMALLEST_STEP);
    }

    /** Zeros of {@code x [..., channels]} before they are rounded to E4M3: float32 {@code [..., blocks]}. */
    public Tensor exactZeros(Tensor x) {
        return Ops.amin(x.unflatten(-1, -1, blockSize), false, -1);
    }

    private static Tensor toE4m3(Tensor x) {
        return Ops.to(Ops.clamp(x, -LARGEST_E4M3, LARGEST_E4M3), DTypes.F8_E4M3);
    }

    /** Half away from zero, as C's {@code round}. */
    private static Tensor roundHalfAway(Tensor x) {
        return Ops.add(x.abs(), 0.5).floor_().mul_(x.sign());
    }

    /** What is added to a code so that it is not negative: P where symmetric. */
    int offset() {
        return asymmetric ? 0 : highest();
    }

    private int lowest() {
        return asymmetric ? 0 : -highest();
    }

    private int highest() {
        return asymmetric ? (1 << bits) - 1 : (1 << (bits - 1)) - 1;
    }
}
