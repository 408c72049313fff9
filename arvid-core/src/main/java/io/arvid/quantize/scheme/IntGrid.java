package io.arvid.quantize.scheme;

import io.arvid.tensor.DTypes;

/**
 * The integers that codes are drawn from: {@code 0 … 2^bits − 1}, or {@code −2^(bits−1) … 2^(bits−1) − 1} where symmetric.
 *
 * @param bits width of a code, 1 … 16; 2 or more where symmetric
 * @param symmetric true for signed codes around a zero point of 0
 */
public record IntGrid(int bits, boolean symmetric) {
    /** Checks the width. */
    public IntGrid {
        if (bits < 1 || bits > 16) {
            throw new IllegalArgumentException("bits " + bits + " is not in 1 … 16");
        }
        if (bits == 1 && symmetric) {
            throw new IllegalArgumentException("a symmetric grid of 1 bit has nothing but zero");
        }
    }

    /** Unsigned codes with a zero point. */
    public static IntGrid asymmetric(int bits) {
        return new IntGrid(bits, false);
    }

    /** Signed codes around zero. */
    public static IntGrid symmetric(int bits) {
        return new IntGrid(bits, true);
    }

    /** Smallest code. */
    public int lowest() {
        return symmetric ? -(1 << (bits - 1)) : 0;
    }

    /** Largest code. */
    public int highest() {
        return symmetric ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
    }

    /** Steps that a range is divided into: {@code 2^bits − 1} from low to high, or {@code 2^(bits−1) − 1} from zero to the largest magnitude. */
    public int steps() {
        return highest();
    }

    /** Element type that holds a code without packing: uint8, int8, or int32 for wide codes. */
    public DTypes codeType() {
        if (bits > 8) {
            return DTypes.I32;
        }
        return symmetric ? DTypes.I8 : DTypes.U8;
    }
}
