package io.arvid.kernel;

import io.arvid.tensor.FloatLanes;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rows of activations to unsigned bytes, {@code code = clamp(rint(x / step) + zero, lowest, highest) + shift}, in one pass, with the sum of the codes.
 *
 * <p>The quotient is a product with the reciprocal and one correction by its remainder, which rounds as a division does (Markstein) and is twice as fast.
 * Adding 1.5·2²³ rounds a float half to even; the zero point is added after that, as an integer, since before it ties would break
 * otherwise.
 *
 * <p>Infinite numbers, and quotients that overflow, get the ends of the grid. A row with a number that is NaN has no codes.
 */
final class RowRounding {
    private static final VectorSpecies<Float> FLOATS = FloatLanes.FLOATS;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 4)));
    private static final float ROUNDER = 0x1.8p23f;
    private static final int ROUNDER_BITS = Float.floatToRawIntBits(ROUNDER);
    private static final float LARGEST_ROUNDED = 0x1p21f;
    private static final float SMALLEST_STEP = 0x1p-100f;
    private static final int MAGNITUDE = ~(1 << 31);
    private static final int INFINITY_BITS = Float.floatToRawIntBits(Float.POSITIVE_INFINITY);
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /** In place of the sum of a row's codes: one of its numbers is NaN, and so is everything that is computed from the row. */
    static final int NOT_A_NUMBER = Integer.MIN_VALUE;

    private RowRounding() {}

    /**
     * Rounds one row.
     *
     * @param x address of {@code count} numbers
     * @param bf16 true where they are bfloat16, false where float32
     * @param step positive
     * @param zero an integer
     * @param codes where the codes go
     * @return sum of the codes, or {@link #NOT_A_NUMBER}
     */
    static int round(long x, boolean bf16, int count, float step, float zero, ByteGrid grid, long codes) {
        // Zero points that are no longer small, and steps without a reciprocal, are beyond what follows.
        if (!FloatLanes.ARE_WIDE || Math.abs(zero) > LARGEST_ROUNDED || step < SMALLEST_STEP) {
            return roundPlain(x, bf16, 0, count, step, zero, grid, codes);
        }
        FloatVector reciprocal = FloatVector.broadcast(FLOATS, 1 / step);
        FloatVector minusStep = FloatVector.broadcast(FLOATS, -step);
        FloatVector rounder = FloatVector.broadcast(FLOATS, ROUNDER);
        IntVector low = IntVector.broadcast(INTS, ROUNDER_BITS + grid.lowest() - (int) zero);
        IntVector high = IntVector.broadcast(INTS, ROUNDER_BITS + grid.highest() - (int) zero);
        IntVector offset = IntVector.broadcast(INTS, (int) zero + grid.shift() - ROUNDER_BITS);
        IntVector sums = IntVector.zero(INTS);
        IntVector largest = IntVector.zero(INTS);
        int lanes = FLOATS.length();
        int end = count - count % lanes;
        for (int i = 0; i < end; i += lanes) {
            FloatVector value = load(x, i, bf16);
            FloatVector quotient = value.mul(reciprocal);
            largest = largest.max(quotient.reinterpretAsInts().and(MAGNITUDE));
            quotient = quotient.fma(minusStep, value).fma(reciprocal, quotient);
            // Bits of floats rise with their values as integers do, and those of negative floats are negative integers:
            // far too large values are clamped too.
            IntVector code =
                    quotient.add(rounder).reinterpretAsInts().max(low).min(high).add(offset);
            sums = sums.add(code);
            ((ByteVector) code.convertShape(VectorOperators.I2B, BYTES, 0))
                    .intoMemorySegment(FloatLanes.ALL, codes + i, ORDER);
        }
        if (largest.reduceLanes(VectorOperators.MAX) >= INFINITY_BITS) {
            // An infinite quotient has no remainder to be corrected by.
            return roundPlain(x, bf16, 0, count, step, zero, grid, codes);
        }
        int tail = roundPlain(x, bf16, end, count, step, zero, grid, codes);
        return tail == NOT_A_NUMBER ? NOT_A_NUMBER : sums.reduceLanes(VectorOperators.ADD) + tail;
    }

    /** What {@link #round} does, value by value, from index {@code from} on. */
    static int roundPlain(
            long x, boolean bf16, int from, int count, float step, float zero, ByteGrid grid, long codes) {
        int sum = 0;
        boolean isNumber = true;
        for (int i = from; i < count; i++) {
            float shifted = (float) Math.rint(NativeMemory.get(x, i, bf16) / step) + zero;
            int code = (int) Math.clamp(shifted, grid.lowest(), grid.highest()) + grid.shift();
            NativeMemory.setByte(codes, i, code);
            sum += code;
            isNumber &= !Float.isNaN(shifted);
        }
        return isNumber ? sum : NOT_A_NUMBER;
    }

    private static FloatVector load(long x, int i, boolean bf16) {
        return bf16 ? FloatLanes.loadBf16(x + 2L * i) : FloatLanes.load(x + 4L * i);
    }

    /** Smallest and largest of {@code count} numbers, to {@code range[0]} and {@code range[1]}. */
    static void range(long x, boolean bf16, int count, float[] range) {
        float low = Float.POSITIVE_INFINITY;
        float high = Float.NEGATIVE_INFINITY;
        int lanes = FLOATS.length();
        int end = FloatLanes.ARE_WIDE ? count - count % lanes : 0;
        if (end > 0) {
            IntVector lows = IntVector.broadcast(INTS, Integer.MAX_VALUE);
            IntVector highs = IntVector.broadcast(INTS, Integer.MIN_VALUE);
            for (int i = 0; i < end; i += lanes) {
                IntVector order = ordered(load(x, i, bf16).reinterpretAsInts());
                lows = lows.min(order);
                highs = highs.max(order);
            }
            low = Float.intBitsToFloat(ordered(lows.reduceLanes(VectorOperators.MIN)));
            high = Float.intBitsToFloat(ordered(highs.reduceLanes(VectorOperators.MAX)));
        }
        for (int i = end; i < count; i++) {
            float value = NativeMemory.get(x, i, bf16);
            low = Math.min(low, value);
            high = Math.max(high, value);
        }
        range[0] = low;
        range[1] = high;
    }

    /** Bits of floats as integers in the order of the floats, and back. Vectors compare integers in one instruction, floats in five. */
    private static IntVector ordered(IntVector bits) {
        return bits.lanewise(VectorOperators.ASHR, 31)
                .lanewise(VectorOperators.LSHR, 1)
                .lanewise(VectorOperators.XOR, bits);
    }

    private static int ordered(int bits) {
        return bits >> 31 >>> 1 ^ bits;
    }

    /** {@code (x − shift) / factor} of one row in float32; an address of 0 stands for no shift or no factors. */
    static void transform(long x, boolean bf16, int count, long shift, long factors, long result) {
        int lanes = FLOATS.length();
        int end = FloatLanes.ARE_WIDE ? count - count % lanes : 0;
        for (int i = 0; i < end; i += lanes) {
            FloatVector values = load(x, i, bf16);
            if (shift != 0) {
                values = values.sub(load(shift, i, false));
            }
            if (factors != 0) {
                values = values.div(load(factors, i, false));
            }
            FloatLanes.store(values, result + 4L * i);
        }
        for (int i = end; i < count; i++) {
            float value = NativeMemory.get(x, i, bf16);
            value = shift == 0 ? value : value - NativeMemory.get(shift, i);
            NativeMemory.set(result, i, factors == 0 ? value : value / NativeMemory.get(factors, i), false);
        }
    }
}
