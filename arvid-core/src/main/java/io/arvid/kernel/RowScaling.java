package io.arvid.kernel;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rows of a product to rows of a layer's output: {@code y = f(a·v + b·p + c·e + o)}, in one pass, where v, p, e and o are vectors and a, b and c numbers of
 * the row. This brings in what a scale for each output channel cannot: scales of tokens, and zero points on both sides.
 */
final class RowScaling {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 2)));
    private static final boolean HAS_VECTORS = FLOATS.vectorBitSize() >= 256;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final float GELU_SCALE = (float) Math.sqrt(2 / Math.PI);
    private static final float GELU_CUBE = 0.044715f;
    private static final float ROUNDER = 0x1.8p23f;
    private static final float LOG2_E = 1.44269504f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final int EXP_LIMIT_BITS = Float.floatToRawIntBits(87f);
    private static final int SIGN = 1 << 31;
    // Coefficients of (e^f − 1 − f) / f² on |f| ≤ ln 2 / 2 (Cephes expf).
    private static final float EXP_7 = 1.9875691500e-4f;
    private static final float EXP_6 = 1.3981999507e-3f;
    private static final float EXP_5 = 8.3334519073e-3f;
    private static final float EXP_4 = 4.1665795894e-2f;
    private static final float EXP_3 = 1.6666665459e-1f;
    private static final float EXP_2 = 5.0000001201e-1f;

    private RowScaling() {}

    /**
     * Scales one row.
     *
     * @param v address of the product, float32 {@code [count]}; overwritten where GELU follows
     * @param a the token's scale
     * @param b weight of {@code p}
     * @param p float32 {@code [count]}
     * @param c weight of {@code e}
     * @param e float32 {@code [count]}
     * @param o float32 {@code [count]}
     * @param gelu true where GELU (tanh) follows
     * @param y where the row goes
     * @param bf16 true where y is bfloat16, false where it is float32
     */
    static void scale(
            long v, float a, float b, long p, float c, long e, long o, int count, boolean gelu, long y, boolean bf16) {
        int end = HAS_VECTORS ? count - count % FLOATS.length() : 0;
        if (gelu) {
            // Row by row in the product's own memory, which is in the nearest cache by now.
            scaleToF32(v, a, b, p, c, e, o, end, v);
            gelu(v, end);
            if (bf16) {
                toBf16(v, end, y);
            } else {
                NativeMemory.copy(v, y, 4L * end);
            }
        } else if (bf16) {
            scaleToBf16(v, a, b, p, c, e, o, end, y);
        } else {
            scaleToF32(v, a, b, p, c, e, o, end, y);
        }
        scalePlain(v, a, b, p, c, e, o, end, count, gelu, y, bf16);
    }

    // Short loops, one for each step and kind of output: conditions inside cost as much as the arithmetic, and the
    // compiler gives up on long ones.

    private static void scaleToF32(long v, float a, float b, long p, float c, long e, long o, int end, long y) {
        FloatVector ofV = broadcast(a);
        FloatVector ofP = broadcast(b);
        FloatVector ofE = broadcast(c);
        for (int i = 0; i < end; i += FLOATS.length()) {
            FloatVector value =
                    load(v, i).fma(ofV, load(e, i).fma(ofE, load(p, i).fma(ofP, load(o, i))));
            value.intoMemorySegment(NativeMemory.ALL, y + 4L * i, ORDER);
        }
    }

    private static void scaleToBf16(long v, float a, float b, long p, float c, long e, long o, int end, long y) {
        FloatVector ofV = broadcast(a);
        FloatVector ofP = broadcast(b);
        FloatVector ofE = broadcast(c);
        for (int i = 0; i < end; i += FLOATS.length()) {
            FloatVector value =
                    load(v, i).fma(ofV, load(e, i).fma(ofE, load(p, i).fma(ofP, load(o, i))));
            bf16(value).intoMemorySegment(NativeMemory.ALL, y + 2L * i, ORDER);
        }
    }

    private static void gelu(long y, int end) {
        for (int i = 0; i < end; i += FLOATS.length()) {
            gelu(load(y, i)).intoMemorySegment(NativeMemory.ALL, y + 4L * i, ORDER);
        }
    }

    private static void toBf16(long values, int end, long y) {
        for (int i = 0; i < end; i += FLOATS.length()) {
            bf16(load(values, i)).intoMemorySegment(NativeMemory.ALL, y + 2L * i, ORDER);
        }
    }

    /** What {@link #scale} does, value by value, from index {@code from} on. */
    static void scalePlain(
            long v,
            float a,
            float b,
            long p,
            float c,
            long e,
            long o,
            int from,
            int count,
            boolean gelu,
            long y,
            boolean bf16) {
        for (int i = from; i < count; i++) {
            float value = Math.fma(NativeMemory.get(p, i), b, NativeMemory.get(o, i));
            value = Math.fma(NativeMemory.get(e, i), c, value);
            value = Math.fma(NativeMemory.get(v, i), a, value);
            NativeMemory.set(y, i, gelu ? gelu(value) : value, bf16);
        }
    }

    private static FloatVector load(long x, int i) {
        return FloatVector.fromMemorySegment(FLOATS, NativeMemory.ALL, x + 4L * i, ORDER);
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(FLOATS, value);
    }

    /** The nearest bfloat16 numbers, half to even. */
    private static ShortVector bf16(FloatVector value) {
        IntVector bits = value.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector rounded = bits.add(0x7fff).add(odd).lanewise(VectorOperators.LSHR, 16);
        return (ShortVector) rounded.convertShape(VectorOperators.I2S, SHORTS, 0);
    }

    /** {@code x / (1 + exp(−2u))} with {@code u = √(2/π)·(x + 0.044715·x³)}: half of x times 1 + tanh u. */
    private static FloatVector gelu(FloatVector x) {
        FloatVector cubic = x.mul(x).fma(broadcast(-2 * GELU_SCALE * GELU_CUBE), broadcast(-2 * GELU_SCALE));
        return x.div(exp(cubic.mul(x)).add(broadcast(1)));
    }

    private static float gelu(float x) {
        double u = GELU_SCALE * (x + GELU_CUBE * x * x * x);
        return (float) (0.5 * x * (1 + Math.tanh(u)));
    }

    /** e^x to within two units in the last place: {@code 2^n · e^f} with n the nearest integer to x / ln 2. */
    private static FloatVector exp(FloatVector x) {
        IntVector sign = x.reinterpretAsInts().and(SIGN);
        // Magnitudes are compared as integers, which is one instruction where floats take five.
        FloatVector bounded =
                x.reinterpretAsInts().and(~SIGN).min(EXP_LIMIT_BITS).or(sign).reinterpretAsFloats();
        FloatVector shifted = bounded.fma(broadcast(LOG2_E), broadcast(ROUNDER));
        FloatVector n = shifted.sub(broadcast(ROUNDER));
        FloatVector f = n.fma(broadcast(-LN2_HIGH), bounded);
        f = n.fma(broadcast(-LN2_LOW), f);
        FloatVector sum = broadcast(EXP_7).fma(f, broadcast(EXP_6));
        sum = sum.fma(f, broadcast(EXP_5));
        sum = sum.fma(f, broadcast(EXP_4));
        sum = sum.fma(f, broadcast(EXP_3));
        sum = sum.fma(f, broadcast(EXP_2));
        FloatVector power = sum.fma(f.mul(f), f).add(broadcast(1));
        IntVector exponent =
                shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(127 << 23);
        return power.mul(exponent.reinterpretAsFloats());
    }
}
