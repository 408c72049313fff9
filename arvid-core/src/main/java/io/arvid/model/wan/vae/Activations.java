package io.arvid.model.wan.vae;

import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/** Operations on activations {@code [B, T, H, W, C]}; results are contiguous. */
final class Activations {
    private static final double SMALLEST_NORM = 1e-12;

    private Activations() {}

    /** {@code x / max(‖x‖₂ over channels, 1e-12) · √C · gamma}; gamma has C entries (RMS_norm). */
    static Tensor normalize(Tensor x, Tensor gamma) {
        Tensor norm = Ops.clampMin(Ops.norm(x, true, -1), SMALLEST_NORM);
        return x.div(norm).mul_(Ops.mul(gamma.reshape(-1), Math.sqrt(x.size(-1))));
    }

    /** {@code silu(normalize(x, gamma))}. */
    static Tensor normalizeAndActivate(Tensor x, Tensor gamma) {
        return Ops.silu_(normalize(x, gamma));
    }

    /** 3D convolution, in time without padding; weight {@code [out, in, kt, kh, kw]}. */
    static Tensor convolve(Tensor x, Tensor weight, Tensor bias, long timeStride, long spacePadding) {
        Tensor channelsSecond = x.permute(0, 4, 1, 2, 3);
        long[] stride = {timeStride, 1, 1};
        long[] padding = {0, spacePadding, spacePadding};
        return Ops.conv3d(channelsSecond, weight, bias, stride, padding)
                .permute(0, 2, 3, 4, 1)
                .contiguous();
    }

    /** 2D convolution of every frame; weight {@code [out, in, kh, kw]}. */
    static Tensor convolveFrames(Tensor x, Tensor weight, Tensor bias, long stride, long padding) {
        return ofImages(Ops.conv2d(images(x), weight, bias, stride, padding), x.size(0));
    }

    /** Every frame an image, channels second but still innermost in memory: {@code [B·T, C, H, W]}. */
    static Tensor images(Tensor x) {
        return x.reshape(-1, x.size(2), x.size(3), x.size(4)).permute(0, 3, 1, 2);
    }

    /** Images {@code [B·T, C, H, W]} as activations of {@code batch} clips. */
    static Tensor ofImages(Tensor images, long batch) {
        Tensor last = images.permute(0, 2, 3, 1).contiguous();
        return last.reshape(batch, -1, last.size(1), last.size(2), last.size(3));
    }
}
