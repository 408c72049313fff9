package io.arvid.quantize.adaround;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/**
 * Functions of float32 lanes out of exact operations only (sums, products, fused products, shifts), so that interpreted and compiled code give the same
 * bits: the JDK's own vector functions do not. Polynomials as in Moshier's Cephes; a few units in the last place.
 */
final class LaneMath {
    /** 1.5 · 2²³: adding it leaves an integer in the low bits, half to even. */
    private static final float ROUND = 12_582_912f;

    private static final int ROUND_BITS = Float.floatToRawIntBits(ROUND);
    private static final float LOG2_E = 1.44269504088896341f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    private static final float[] EXP = {
        1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f
    };
    private static final float[] LOG = {
        7.0376836292e-2f,
        -1.1514610310e-1f,
        1.1676998740e-1f,
        -1.2420140846e-1f,
        1.4249322787e-1f,
        -1.6668057665e-1f,
        2.0000714765e-1f,
        -2.4999993993e-1f,
        3.3333331174e-1f
    };
    private static final float SQRT_HALF = 0.707106781186547524f;
    private static final float SMALLEST = 1e-30f;

    private LaneMath() {}

    /** {@code e^x}, x held within ±87. */
    static FloatVector exp(FloatVector x) {
        FloatVector held = x.max(-87f).min(87f);
        FloatVector shifted = held.mul(LOG2_E).add(ROUND);
        FloatVector whole = shifted.sub(ROUND);
        FloatVector rest = whole.fma(broadcast(-LN2_LOW), whole.fma(broadcast(-LN2_HIGH), held));
        FloatVector series = polynomial(rest, EXP);
        FloatVector mantissa = series.fma(rest.mul(rest), rest).add(1f);
        IntVector exponent = shifted.reinterpretAsInts().sub(ROUND_BITS - 127).lanewise(LSHL, 23);
        return mantissa.mul(exponent.reinterpretAsFloats());
    }

    /** {@code ln x} of x in (1e-30, 1]. */
    static FloatVector log(FloatVector x) {
        IntVector bits = x.reinterpretAsInts();
        IntVector exponent = bits.lanewise(ASHR, 23).sub(126);
        FloatVector mantissa = bits.and(0x007fffff).or(0x3f000000).reinterpretAsFloats();
        VectorMask<Float> low = mantissa.lt(SQRT_HALF);
        FloatVector power = exponent.add(ROUND_BITS).reinterpretAsFloats().sub(ROUND);
        FloatVector e = power.blend(power.sub(1f), low);
        FloatVector m = mantissa.blend(mantissa.add(mantissa), low).sub(1f);
        FloatVector square = m.mul(m);
        FloatVector series = polynomial(m, LOG).mul(m).mul(square);
        FloatVector tail = e.fma(broadcast(LN2_LOW), series).sub(square.mul(0.5f));
        return e.fma(broadcast(LN2_HIGH), m.add(tail));
    }

    /** {@code x^exponent} of x in [0, 1], 0 for x below 1e-30. */
    static FloatVector pow(FloatVector x, float exponent) {
        FloatVector power = exp(log(x.max(SMALLEST)).mul(exponent));
        return power.blend(0f, x.lt(SMALLEST));
    }

    /** The sum of all lanes, always in the same order. */
    static float sum(FloatVector x) {
        float sum = 0;
        for (float lane : x.toArray()) {
            sum += lane;
        }
        return sum;
    }

    private static FloatVector polynomial(FloatVector x, float[] coefficients) {
        FloatVector value = broadcast(coefficients[0]);
        for (int i = 1; i < coefficients.length; i++) {
            value = value.fma(x, broadcast(coefficients[i]));
        }
        return value;
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(Lanes.SPECIES, value);
    }
}
