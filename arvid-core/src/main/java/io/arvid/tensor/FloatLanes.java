package io.arvid.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Vectors of float32 as wide as the processor's: how they come from memory and go back, as bfloat16 as well, and the functions of them that loops need. */
public final class FloatLanes {
    /** The vectors. */
    public static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    /** Floats in a vector. */
    public static final int COUNT = FLOATS.length();
    /** True where vectors are wide enough to be worth it. */
    public static final boolean ARE_WIDE = FLOATS.vectorBitSize() >= 256;
    /** All memory as one segment, whose offsets are addresses. */
    public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 2)));
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final float GELU_SCALE = (float) Math.sqrt(2 / Math.PI);
    private static final float GELU_CUBE = 0.044715f;
    private static final float ROUNDER = 0x1.8p23f;
    private static final float LOG2_E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final int EXP_LIMIT_BITS = Float.floatToRawIntBits(87f);
    private static final int LOWEST_EXPONENT_BITS = Float.floatToRawIntBits(-120f);
    private static final int SIGN = 1 << 31;
    // Coefficients of (e^f − 1 − f) / f² on |f| ≤ ln 2 / 2 (Cephes expf).
    private static final float EXP_7 = 1.9875691500e-4f;
    private static final float EXP_6 = 1.3981999507e-3f;
    private static final float EXP_5 = 8.3334519073e-3f;
    private static final float EXP_4 = 4.1665795894e-2f;
    private static final float EXP_3 = 1.6666665459e-1f;
    private static final float EXP_2 = 5.0000001201e-1f;
    // Taylor coefficients (ln 2)^n / n! of 2^f: on |f| ≤ 1/2 what follows is less than 3·10⁻⁶ of the whole.
    private static final float POWER_1 = 0.69314718f;
    private static final float POWER_2 = 0.24022651f;
    private static final float POWER_3 = 0.055504109f;
    private static final float POWER_4 = 0.0096181291f;
    private static final float POWER_5 = 0.0013333558f;

    private FloatLanes() {}

    /** A vector of {@code value}. */
    public static FloatVector all(float value) {
        return FloatVector.broadcast(FLOATS, value);
    }

    /** Floats from an address. */
    public static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(FLOATS, ALL, address, ORDER);
    }

    /** Writes floats to an address. */
    public static void store(FloatVector values, long address) {
        values.intoMemorySegment(ALL, address, ORDER);
    }

    /** Floats from bfloat16 numbers at an address. */
    public static FloatVector loadBf16(long address) {
        ShortVector shorts = ShortVector.fromMemorySegment(SHORTS, ALL, address, ORDER);
        IntVector bits = (IntVector) shorts.convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
        return bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /** Writes the nearest bfloat16 numbers, half to even, to an address. */
    public static void storeBf16(FloatVector values, long address) {
        bf16(values).intoMemorySegment(ALL, address, ORDER);
    }

    /** Writes a float to an address. */
    public static void set(long address, float value) {
        ALL.set(ValueLayout.JAVA_FLOAT_UNALIGNED, address, value);
    }

    /** Copies {@code bytes} that do not overlap. */
    public static void copy(long from, long to, long bytes) {
        MemorySegment.copy(ALL, from, ALL, to, bytes);
    }

    /** Zeros {@code bytes} from an address. */
    public static void clear(long address, long bytes) {
        ALL.asSlice(address, bytes).fill((byte) 0);
    }

    private static ShortVector bf16(FloatVector value) {
        IntVector bits = value.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector rounded = bits.add(0x7fff).add(odd).lanewise(VectorOperators.LSHR, 16);
        return (ShortVector) rounded.convertShape(VectorOperators.I2S, SHORTS, 0);
    }

    /** {@code x / (1 + exp(−2u))} with {@code u = √(2/π)·(x + 0.044715·x³)}: half of x times 1 + tanh u. */
    public static FloatVector gelu(FloatVector x) {
        FloatVector cubic = x.mul(x).fma(all(-2 * GELU_SCALE * GELU_CUBE), all(-2 * GELU_SCALE));
        return x.div(exp(cubic.mul(x)).add(all(1)));
    }

    /** e^x to within two units in the last place: {@code 2^n · e^f} with n the nearest integer to x / ln 2. */
    public static FloatVector exp(FloatVector x) {
        IntVector sign = x.reinterpretAsInts().and(SIGN);
        // Magnitudes are compared as integers, which is one instruction where floats take five.
        FloatVector bounded =
                x.reinterpretAsInts().and(~SIGN).min(EXP_LIMIT_BITS).or(sign).reinterpretAsFloats();
        FloatVector shifted = bounded.fma(all(LOG2_E), all(ROUNDER));
        FloatVector n = shifted.sub(all(ROUNDER));
        FloatVector f = n.fma(all(-LN2_HIGH), bounded);
        f = n.fma(all(-LN2_LOW), f);
        FloatVector sum = all(EXP_7).fma(f, all(EXP_6));
        sum = sum.fma(f, all(EXP_5));
        sum = sum.fma(f, all(EXP_4));
        sum = sum.fma(f, all(EXP_3));
        sum = sum.fma(f, all(EXP_2));
        FloatVector power = sum.fma(f.mul(f), f).add(all(1));
        IntVector exponent =
                shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(127 << 23);
        return power.mul(exponent.reinterpretAsFloats());
    }

    /**
     * 2^x for x that is at most 0 but for rounding, within 3·10⁻⁶ of it; 2⁻¹²⁰ for all that is less.
     *
     * <p>With the sign set, the smaller of two integers is the float nearer to 0.
     */
    public static FloatVector powerOfTwo(FloatVector x) {
        FloatVector bounded =
                x.reinterpretAsInts().or(SIGN).min(LOWEST_EXPONENT_BITS).reinterpretAsFloats();
        FloatVector shifted = bounded.add(all(ROUNDER));
        FloatVector f = bounded.sub(shifted.sub(all(ROUNDER)));
        FloatVector power = all(POWER_5).fma(f, all(POWER_4));
        power = power.fma(f, all(POWER_3));
        power = power.fma(f, all(POWER_2));
        power = power.fma(f, all(POWER_1));
        power = power.fma(f, all(1));
        // The nearest integer to x lies in the low bits; added to the exponent it multiplies.
        return shifted.reinterpretAsInts()
                .lanewise(VectorOperators.LSHL, 23)
                .add(power.reinterpretAsInts())
                .reinterpretAsFloats();
    }
}
