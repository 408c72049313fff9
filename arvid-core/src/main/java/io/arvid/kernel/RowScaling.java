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
    private static final float EXP_LIMIT = 87f;
    /** Coefficients of (e^f − 1 − f) / f² on |f| ≤ ln 2 / 2, highest power first (Cephes expf). */
    private static final float[] EXP = {
        1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f
    };

    private RowScaling() {}

    /**
     * Scales one row.
     *
     * @param v address of the product, float32 {@code [count]}
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
        int lanes = FLOATS.length();
        int end = HAS_VECTORS ? count - count % lanes : 0;
        for (int i = 0; i < end; i += lanes) {
            FloatVector value = load(o, i);
            value = load(p, i).lanewise(VectorOperators.FMA, broadcast(b), value);
            value = load(e, i).lanewise(VectorOperators.FMA, broadcast(c), value);
            value = load(v, i).lanewise(VectorOperators.FMA, broadcast(a), value);
            store(gelu ? gelu(value) : value, y, i, bf16);
        }
        scalePlain(v, a, b, p, c, e, o, end, count, gelu, y, bf16);
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

    private static void store(FloatVector value, long y, int i, boolean bf16) {
        if (!bf16) {
            value.intoMemorySegment(NativeMemory.ALL, y + 4L * i, ORDER);
            return;
        }
        IntVector bits = value.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector rounded = bits.add(0x7fff).add(odd).lanewise(VectorOperators.LSHR, 16);
        ((ShortVector) rounded.convertShape(VectorOperators.I2S, SHORTS, 0))
                .intoMemorySegment(NativeMemory.ALL, y + 2L * i, ORDER);
    }

    /** {@code x / (1 + exp(−2u))} with {@code u = √(2/π)·(x + 0.044715·x³)}: half of x times 1 + tanh u. */
    private static FloatVector gelu(FloatVector x) {
        FloatVector cube = x.mul(x).mul(GELU_CUBE).add(1).mul(x);
        return x.div(exp(cube.mul(-2 * GELU_SCALE)).add(1));
    }

    private static float gelu(float x) {
        double u = GELU_SCALE * (x + GELU_CUBE * x * x * x);
        return (float) (0.5 * x * (1 + Math.tanh(u)));
    }

    /** e^x to within two units in the last place: {@code 2^n · e^f} with n the nearest integer to x / ln 2. */
    private static FloatVector exp(FloatVector x) {
        FloatVector bounded = x.max(-EXP_LIMIT).min(EXP_LIMIT);
        FloatVector shifted = bounded.lanewise(VectorOperators.FMA, broadcast(LOG2_E), broadcast(ROUNDER));
        FloatVector n = shifted.sub(ROUNDER);
        FloatVector f = n.lanewise(VectorOperators.FMA, broadcast(-LN2_HIGH), bounded);
        f = n.lanewise(VectorOperators.FMA, broadcast(-LN2_LOW), f);
        FloatVector sum = broadcast(EXP[0]);
        for (int k = 1; k < EXP.length; k++) {
            sum = sum.lanewise(VectorOperators.FMA, f, broadcast(EXP[k]));
        }
        FloatVector power = sum.lanewise(VectorOperators.FMA, f.mul(f), f).add(1);
        IntVector exponent =
                shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(127 << 23);
        return power.mul(exponent.reinterpretAsFloats());
    }
}
