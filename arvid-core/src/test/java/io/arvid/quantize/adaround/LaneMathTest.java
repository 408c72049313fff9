package io.arvid.quantize.adaround;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class LaneMathTest {
    /** Float32 has 24 bits: 1e-6 is some sixteen units in the last place. */
    private static void agree(
            double from, double to, UnaryOperator<FloatVector> lanes, DoubleUnaryOperator exact, double tolerance) {
        float[] x = new float[Lanes.SPECIES.length()];
        float[] y = new float[x.length];
        for (int i = 0; i < 200; i++) {
            for (int lane = 0; lane < x.length; lane++) {
                x[lane] = (float) (from + (to - from) * (i * x.length + lane + 0.5) / (200.0 * x.length));
            }
            lanes.apply(FloatVector.fromArray(Lanes.SPECIES, x, 0)).intoArray(y, 0);
            for (int lane = 0; lane < x.length; lane++) {
                double expected = exact.applyAsDouble(x[lane]);
                assertThat(Math.abs(y[lane] - expected))
                        .as("of %s", x[lane])
                        .isLessThanOrEqualTo(tolerance * Math.max(Math.abs(expected), 1e-30));
            }
        }
    }

    @Test
    void exponentials() {
        agree(-80, 80, LaneMath::exp, Math::exp, 1e-6);
    }

    @Test
    void logarithms() {
        agree(1e-4, 0.99, LaneMath::log, Math::log, 1e-6);
    }

    /** An error of the logarithm counts {@code exponent · |ln x|} times. */
    @Test
    void powers() {
        agree(0.05, 1, x -> LaneMath.pow(x, 19), x -> Math.pow(x, 19), 2e-5);
        assertThat(LaneMath.pow(FloatVector.zero(Lanes.SPECIES), 3).lane(0)).isZero();
    }
}
