package io.arvid.tensor;

import org.bytedeco.pytorch.Tensor;

/** Several small codes in one byte, along the last dimension. */
public enum BitPacking {
    /** The first code in the least significant bits; four bytes of it are a little-endian word with its first code in bit 0. */
    LOW_FIRST,
    /** The first code in the most significant bits. */
    HIGH_FIRST;

    /** Codes that one byte holds. */
    public static int perByte(int bits) {
        if (bits != 1 && bits != 2 && bits != 4 && bits != 8) {
            throw new IllegalArgumentException("codes of " + bits + " bits do not fill a byte; use 1, 2, 4 or 8");
        }
        return 8 / bits;
    }

    /**
     * Packs codes.
     *
     * @param codes uint8 {@code [..., n]}, each below 2^bits; n divides by the codes a byte holds
     * @param bits width of a code: 1, 2, 4 or 8
     * @return uint8 {@code [..., n · bits / 8]}, contiguous
     */
    public Tensor pack(Tensor codes, int bits) {
        int perByte = perByte(bits);
        if (codes.size(-1) % perByte != 0) {
            throw new IllegalArgumentException(codes.size(-1) + " codes of " + bits + " bits do not fill whole bytes");
        }
        if (perByte == 1) {
            return codes.contiguous();
        }
        Tensor packed = Ops.shiftLeft(Ops.everyNth(codes, -1, 0, perByte), shift(0, bits));
        for (int i = 1; i < perByte; i++) {
            packed.bitwise_or_(Ops.shiftLeft(Ops.everyNth(codes, -1, i, perByte), shift(i, bits)));
        }
        return packed.contiguous();
    }

    /**
     * Unpacks codes.
     *
     * @param packed uint8 {@code [..., m]}
     * @param bits width of a code: 1, 2, 4 or 8
     * @return uint8 {@code [..., m · 8 / bits]}
     */
    public Tensor unpack(Tensor packed, int bits) {
        int perByte = perByte(bits);
        if (perByte == 1) {
            return packed;
        }
        Tensor[] codes = new Tensor[perByte];
        for (int i = 0; i < perByte; i++) {
            codes[i] = Ops.and(Ops.shiftRight(packed, shift(i, bits)), (1 << bits) - 1);
        }
        return Ops.stack(-1, codes).flatten(-2, -1);
    }

    private int shift(int index, int bits) {
        return this == LOW_FIRST ? index * bits : 8 - (index + 1) * bits;
    }
}
