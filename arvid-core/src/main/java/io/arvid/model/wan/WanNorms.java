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

    /** Layer normalization over the last dimension, then times {@code weight [dim]} plus {@code bias [dim]}. */
    public static Tensor layer(Tensor x, Tensor weight, Tensor bias, double eps) {
        return FusedRows.fitF32(x, weight, bias)
                ? FusedRows.layer(x, weight, bias, eps)
                : Ops.layerNorm(x, weight, bias, eps);
    }

    /**
     * {@code LN(x)·(1 + scale) + shift}.
     *
     * @param x {@code [B, L, dim]}
     * @param rows {@code [B, F, n, dim]}: rows of modulation for each of F frames of L / F tokens
     * @param shift which row is the shift
     * @param scale which row is the scale
     */
    public static Tensor modulated(Tensor x, Tensor rows, int shift, int scale, double eps) {
        return FusedRows.fitF32(x, rows)
                ? FusedRows.modulated(x, rows, shift, scale, eps)
                : modulatedByOperations(x, rows.select(2, shift), rows.select(2, scale), eps);
    }

    /** The same, operation by operation, rows {@code [B, F, dim]}. A single row is the affine part of the norm itself, which then is one pass over x. */
    static Tensor modulatedByOperations(Tensor x, Tensor shift, Tensor scale, double eps) {
        Tensor factor = Ops.add(scale, 1);
        if (shift.numel() == x.size(2)) {
            return Ops.layerNorm(x, factor.flatten(), shift.flatten(), eps);
        }
        Tensor normalized = byFrame(Ops.layerNorm(x, null, null, eps), shift);
        return Ops.addcmul(shift.unsqueeze(2), normalized, factor.unsqueeze(2)).flatten(1, 2);
    }

    /**
     * {@code x + branch·gate}.
     *
     * @param x {@code [B, L, dim]}
     * @param branch same shape
     * @param rows {@code [B, F, n, dim]}: rows of modulation for each of F frames of L / F tokens
     * @param gate which row is the gate
     */
    public static Tensor addGated(Tensor x, Tensor branch, Tensor rows, int gate) {
        return FusedRows.fitF32(x, branch, rows)
                ? FusedRows.addGated(x, branch, rows, gate)
                : addGatedByOperations(x, branch, rows.select(2, gate));
    }

    /** The same, operation by operation, gate {@code [B, F, dim]}. */
    static Tensor addGatedByOperations(Tensor x, Tensor branch, Tensor gate) {
        return gate.size(1) == 1
                ? Ops.addcmul(x, branch, gate)
                : Ops.addcmul(byFrame(x, gate), byFrame(branch, gate), gate.unsqueeze(2))
                        .flatten(1, 2);
    }

    private static Tensor byFrame(Tensor x, Tensor rows) {
        return x.view(x.size(0), rows.size(1), x.size(1) / rows.size(1), x.size(2));
    }
}
