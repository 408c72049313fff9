package io.arvid.model.wan;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The bfloat16 rows of {@link FusedRows}. Two neighbouring values are one int: the low half shifted up and the high half masked are two floats. The pairs
 * that the rotation turns are such neighbours, so that nothing is shuffled.
 */
final class Bf16Rows {
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Float> FLOATS = FusedRows.FLOATS;
    private static final int LANES = FusedRows.LANES;
    private static final ByteOrder ORDER = FusedRows.ORDER;
    private static final int HIGH = 0xffff0000;

    private Bf16Rows() {}

    /** Floats of {@code width} values: of every vector's worth of pairs, first the even ones, then the odd ones. */
    static float[] planar(MemorySegment values, int width) {
        float[] floats = new float[width];
        for (int at = 0; at < width; at += 2 * LANES) {
            IntVector pairs = IntVector.fromMemorySegment(INTS, values, 2L * at, ORDER);
            even(pairs).intoArray(floats, at);
            odd(pairs).intoArray(floats, at + LANES);
        }
        return floats;
    }

    /** {@link WanNorms#rms} of the {@code width} values at byte {@code offset}; {@code weights} are {@link #planar}. */
    static void norm(MemorySegment from, MemorySegment to, long offset, int width, float[] weights, float eps) {
        FloatVector squares = FloatVector.zero(FLOATS);
        for (int at = 0; at < width; at += 2 * LANES) {
            IntVector pairs = IntVector.fromMemorySegment(INTS, from, offset + 2L * at, ORDER);
            FloatVector even = even(pairs);
            FloatVector odd = odd(pairs);
            squares = odd.fma(odd, even.fma(even, squares));
        }
        float factor = FusedRows.factor(squares, width, eps);
        for (int at = 0; at < width; at += 2 * LANES) {
            IntVector pairs = IntVector.fromMemorySegment(INTS, from, offset + 2L * at, ORDER);
            FloatVector even = rounded(even(pairs).mul(factor)).mul(FloatVector.fromArray(FLOATS, weights, at));
            FloatVector odd = rounded(odd(pairs).mul(factor)).mul(FloatVector.fromArray(FLOATS, weights, at + LANES));
            packed(even, odd).intoMemorySegment(to, offset + 2L * at, ORDER);
        }
    }

    /** {@link WanRope#rotate} of a token of {@code heads} heads of {@code pairs} pairs by the angles from {@code entry} on. */
    static void rotate(
            MemorySegment from, MemorySegment to, long offset, int heads, int pairs, MemorySegment angles, long entry) {
        float[] cos = new float[pairs];
        float[] sin = new float[pairs];
        for (int pair = 0; pair < pairs; pair++) {
            cos[pair] = angles.getAtIndex(ValueLayout.JAVA_FLOAT, entry + 2L * pair);
            sin[pair] = angles.getAtIndex(ValueLayout.JAVA_FLOAT, entry + 2L * pair + 1);
        }
        for (int pair = 0; pair < pairs; pair += LANES) {
            FloatVector c = FloatVector.fromArray(FLOATS, cos, pair);
            FloatVector s = FloatVector.fromArray(FLOATS, sin, pair);
            for (int head = 0; head < heads; head++) {
                long at = offset + 4L * (head * pairs + pair);
                IntVector both = IntVector.fromMemorySegment(INTS, from, at, ORDER);
                FloatVector real = even(both);
                FloatVector imaginary = odd(both);
                packed(real.mul(c).sub(imaginary.mul(s)), real.mul(s).add(imaginary.mul(c)))
                        .intoMemorySegment(to, at, ORDER);
            }
        }
    }

    private static FloatVector even(IntVector pairs) {
        return pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    private static FloatVector odd(IntVector pairs) {
        return pairs.lanewise(VectorOperators.AND, HIGH).reinterpretAsFloats();
    }

    /** Bits of {@code values} with their nearest bfloat16, half to even, in the upper half; the lower half is left over. */
    private static IntVector roundedBits(FloatVector values) {
        IntVector bits = values.reinterpretAsInts();
        IntVector last = bits.lanewise(VectorOperators.LSHR, 16).lanewise(VectorOperators.AND, 1);
        return bits.add(last).add(0x7fff);
    }

    private static FloatVector rounded(FloatVector values) {
        return roundedBits(values).lanewise(VectorOperators.AND, HIGH).reinterpretAsFloats();
    }

    private static IntVector packed(FloatVector even, FloatVector odd) {
        return roundedBits(even)
                .lanewise(VectorOperators.LSHR, 16)
                .lanewise(VectorOperators.OR, roundedBits(odd).lanewise(VectorOperators.AND, HIGH));
    }
}
