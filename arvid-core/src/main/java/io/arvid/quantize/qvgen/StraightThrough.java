package io.arvid.quantize.qvgen;

import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/**
 * Rounding half to even whose gradient is 1, or AdaSTE's {@code o · |2f|^(o−1)}, f being how far x lies from the middle between two codes. The value is
 * that of plain rounding, bit for bit.
 *
 * @param exponent o; 1 is the straight-through estimator
 */
public record StraightThrough(double exponent) {
    /** The straight-through estimator. */
    public static final StraightThrough PLAIN = new StraightThrough(1);

    /** Checks the exponent. */
    public StraightThrough {
        if (!(exponent >= 1)) {
            throw new IllegalArgumentException("a rounding exponent of " + exponent + "; it is at least 1");
        }
    }

    /** {@code round(x)}, elementwise. */
    public Tensor round(Tensor x) {
        Tensor value = x.detach();
        if (exponent == 1) {
            // round(x) − x is exact in floating point, and so is adding it to x.
            return x.add(value.round().sub_(value));
        }
        Tensor middle = Ops.add(value.sub(value.floor()), -0.5);
        Tensor slope = Ops.mul(Ops.pow(Ops.mul(middle.abs(), 2), exponent - 1), exponent);
        Tensor sloped = x.mul(slope);
        return value.round().add(sloped.sub(sloped.detach()));
    }
}
