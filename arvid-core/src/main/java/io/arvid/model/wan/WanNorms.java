package io.arvid.model.wan;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/** Norms of the Wan networks. */
public final class WanNorms {
    private WanNorms() {}

    /** {@code x · rsqrt(mean(x²) + eps)} over the last dimension in float32, cast back, then times {@code weight [dim]} (WanRMSNorm). */
    public static Tensor rms(Tensor x, Tensor weight, double eps) {
        return FusedRows.fits(x) && DTypes.of(x) == DTypes.of(weight) && FusedRows.fits(weight)
                ? FusedRows.rms(x, weight, eps)
                : rmsByOperations(x, weight, eps);
    }

    /** The same, operation by operation. */
    static Tensor rmsByOperations(Tensor x, Tensor weight, double eps) {
        Tensor wide = Ops.toF32(x);
        return wide.scalar_type() == x.scalar_type()
                ? Ops.rmsNorm(x, weight, eps)
                : Ops.toTypeOf(Ops.rmsNorm(wide, null, eps), x).mul(weight);
    }
}
