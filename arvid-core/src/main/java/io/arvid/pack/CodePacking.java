package io.arvid.pack;

import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.BitPacking;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Weight codes {@code [out, in]} in as few whole bytes a row as their width allows: 2 or 4 bits share a byte, first code in the low bits; wider codes
 * take a byte or an int32 each. Signed codes that share a byte are two's complement.
 */
public final class CodePacking {
    private CodePacking() {}

    /** Bits that a code of {@code grid} takes: 2, 4, 8 or 32. */
    public static int storedBits(IntGrid grid) {
        if (grid.bits() > 8) {
            return 32;
        }
        return grid.bits() > 4 ? 8 : grid.bits() > 2 ? 4 : 2;
    }

    /** Element type of packed codes. */
    public static DTypes packedType(IntGrid grid) {
        return storedBits(grid) < 8 ? DTypes.U8 : grid.codeType();
    }

    /** Elements of {@link #packedType} in a row of {@code inFeatures} codes. */
    public static long packedWidth(IntGrid grid, long inFeatures) {
        int bits = storedBits(grid);
        return bits >= 8 ? inFeatures : Math.ceilDiv(inFeatures * bits, 8L);
    }

    /** Codes {@code [out, in]} packed: {@code [out, packedWidth]}, contiguous, the last byte of a row filled with zero bits. */
    public static Tensor pack(Tensor codes, IntGrid grid) {
        int bits = storedBits(grid);
        if (bits >= 8) {
            return codes.contiguous();
        }
        return TensorScope.run(() -> {
            Tensor unsigned = Ops.and(Ops.reinterpret(codes.contiguous(), DTypes.U8), (1 << bits) - 1);
            long missing = packedWidth(grid, codes.size(1)) * BitPacking.perByte(bits) - codes.size(1);
            return BitPacking.LOW_FIRST.pack(missing == 0 ? unsigned : Ops.pad(unsigned, 0, missing), bits);
        });
    }

    /** The codes {@code [out, inFeatures]} of {@code packed}, of type {@link IntGrid#codeType()}. */
    public static Tensor unpack(Tensor packed, IntGrid grid, long inFeatures) {
        int bits = storedBits(grid);
        if (bits >= 8) {
            return packed;
        }
        return TensorScope.run(() -> {
            Tensor unsigned = Ops.slice(BitPacking.LOW_FIRST.unpack(packed, bits), 1, 0, inFeatures);
            if (!grid.symmetric()) {
                return unsigned.contiguous();
            }
            int signBit = 1 << (bits - 1);
            Tensor flipped = Ops.to(unsigned.bitwise_xor(new Scalar(signBit)), DTypes.I8);
            return flipped.sub(new Scalar(signBit)).contiguous();
        });
    }
}
