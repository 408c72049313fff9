package io.arvid.quantize.fake;

import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/**
 * The affine quantizer: {@code q = clamp(round(x / scale) + zero)}, half to even, and {@code x̂ = (q − zero) · scale}, in float32 and in this order of
 * operations (Q-ARVD {@code quant/quant_layer.py} UniformAffineQuantizer). Scale and zero point broadcast against x.
 */
public final class AffineQuantizer {
    private AffineQuantizer() {}

    /** Codes of x, as float32. */
    public static Tensor codes(Tensor x, IntGrid grid, Tensor scale, Tensor zero) {
        return Ops.clamp(x.div(scale).round_().add(zero), grid.lowest(), grid.highest());
    }

    /** Codes of a weight {@code [out, in]} in {@link IntGrid#codeType()}; scales and zeros {@code [out, groups]}. */
    public static Tensor weightCodes(Tensor weight, IntGrid grid, Granularity at, Tensor scales, Tensor zeros) {
        int in = (int) weight.size(1);
        return Ops.to(codes(weight, grid, perColumn(scales, at, in), perColumn(zeros, at, in)), grid.codeType());
    }

    /** Values of codes of any type, float32. */
    public static Tensor values(Tensor codes, Tensor scale, Tensor zero) {
        return Ops.toF32(codes).sub(zero).mul_(scale);
    }

    /** x after quantization and back. */
    public static Tensor fake(Tensor x, IntGrid grid, Tensor scale, Tensor zero) {
        return values(codes(x, grid, scale, zero), scale, zero);
    }

    /** Pairs {@code [out, groups]} repeated to broadcast over {@code [out, in]}. */
    public static Tensor perColumn(Tensor pairs, Granularity at, int inFeatures) {
        return at instanceof Granularity.Grouped(int size)
                ? Ops.slice(Ops.repeatInterleave(pairs, size, 1), 1, 0, inFeatures)
                : pairs;
    }
}
