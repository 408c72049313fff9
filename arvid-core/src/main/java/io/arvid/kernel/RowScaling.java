package io.arvid.kernel;

import io.arvid.tensor.FloatLanes;
import jdk.incubator.vector.FloatVector;

/**
 * Rows of a product to rows of a layer's output: {@code y = f(a·v + b·p + c·e + o)}, in one pass, where v, p, e and o are vectors and a, b and c numbers of
 * the row. This brings in what a scale for each output channel cannot: scales of tokens, and zero points on both sides.
 */
final class RowScaling {
    private static final float GELU_SCALE = (float) Math.sqrt(2 / Math.PI);
    private static final float GELU_CUBE = 0.044715f;

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
        int end = FloatLanes.ARE_WIDE ? count - count % FloatLanes.COUNT : 0;
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
        FloatVector ofV = FloatLanes.all(a);
        FloatVector ofP = FloatLanes.all(b);
        FloatVector ofE = FloatLanes.all(c);
        for (int i = 0; i < end; i += FloatLanes.COUNT) {
            FloatVector value =
                    load(v, i).fma(ofV, load(e, i).fma(ofE, load(p, i).fma(ofP, load(o, i))));
            FloatLanes.store(value, y + 4L * i);
        }
    }

    private static void scaleToBf16(long v, float a, float b, long p, float c, long e, long o, int end, long y) {
        FloatVector ofV = FloatLanes.all(a);
        FloatVector ofP = FloatLanes.all(b);
        FloatVector ofE = FloatLanes.all(c);
        for (int i = 0; i < end; i += FloatLanes.COUNT) {
            FloatVector value =
                    load(v, i).fma(ofV, load(e, i).fma(ofE, load(p, i).fma(ofP, load(o, i))));
            FloatLanes.storeBf16(value, y + 2L * i);
        }
    }

    private static void gelu(long y, int end) {
        for (int i = 0; i < end; i += FloatLanes.COUNT) {
            FloatLanes.store(FloatLanes.gelu(load(y, i)), y + 4L * i);
        }
    }

    private static void toBf16(long values, int end, long y) {
        for (int i = 0; i < end; i += FloatLanes.COUNT) {
            FloatLanes.storeBf16(load(values, i), y + 2L * i);
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
        return FloatLanes.load(x + 4L * i);
    }

    private static float gelu(float x) {
        double u = GELU_SCALE * (x + GELU_CUBE * x * x * x);
        return (float) (0.5 * x * (1 + Math.tanh(u)));
    }
}
