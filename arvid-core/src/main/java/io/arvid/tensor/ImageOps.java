package io.arvid.tensor;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** Operations of image networks on {@code [N, C, H, W]}: resampling, pooling, normalization over pixels. Results belong to the open scope. */
public final class ImageOps {
    private static final int BILINEAR = 0;
    private static final int ZEROS = 0;
    private static final int BORDER = 1;

    private ImageOps() {}

    // ---- resampling

    /** Bilinear resize to {@code height × width}, corners not aligned, no antialiasing. */
    public static Tensor upsampleBilinear(Tensor x, long height, long width) {
        return torch.upsample_bilinear2d(x, new long[] {height, width}, false);
    }

    /**
     * Bilinear resize by {@code factor}, corners not aligned: the size is rounded down and source positions step by {@code 1 / factor}, as PyTorch's
     * {@code interpolate(scale_factor)}.
     */
    public static Tensor scaleBilinear(Tensor x, double factor) {
        long[] size = {(long) Math.floor(x.size(2) * factor), (long) Math.floor(x.size(3) * factor)};
        return torch.upsample_bilinear2d(x, size, false, new DoubleOptional(factor), new DoubleOptional(factor));
    }

    /** Bicubic resize (a = −0.75) to {@code height × width}, corners not aligned, no antialiasing. */
    public static Tensor upsampleBicubic(Tensor x, long height, long width) {
        return torch.upsample_bicubic2d(x, new long[] {height, width}, false);
    }

    /** Bicubic resize by a factor for each side, as {@link #scaleBilinear}. */
    public static Tensor scaleBicubic(Tensor x, double vertical, double horizontal) {
        long[] size = {(long) Math.floor(x.size(2) * vertical), (long) Math.floor(x.size(3) * horizontal)};
        return torch.upsample_bicubic2d(x, size, false, new DoubleOptional(vertical), new DoubleOptional(horizontal));
    }

    /**
     * Bilinear samples of x at {@code grid} {@code [N, H', W', 2]}, (x, y) in [−1, 1] with corners aligned.
     *
     * @param repeatBorder outside x: its border where true, else zero
     */
    public static Tensor gridSample(Tensor x, Tensor grid, boolean repeatBorder) {
        return torch.grid_sampler(x, grid, BILINEAR, repeatBorder ? BORDER : ZEROS, true);
    }

    /** Stretches or shrinks a line {@code [N, C, L]} to {@code length} by nearest neighbour. */
    public static Tensor stretchNearest(Tensor line, long length) {
        return torch.upsample_nearest1d(line, length);
    }

    /** Windows of {@code kernel × kernel} as columns: {@code [N, C·kernel², windows]}, windows row by row. */
    public static Tensor windows(Tensor x, long kernel, long stride, long padding) {
        return torch.im2col(
                x, new long[] {kernel, kernel}, new long[] {1, 1}, new long[] {padding, padding}, stride, stride);
    }

    /** Pads by repeating the border; pairs (before, after) from the last dimension backwards. */
    public static Tensor padReplicate(Tensor x, long... beforeAndAfter) {
        return torch.replication_pad2d(x, beforeAndAfter);
    }

    /** Pads by mirroring at the border pixel, which is not repeated; pairs (before, after) from the last dimension backwards. */
    public static Tensor padReflect(Tensor x, long... beforeAndAfter) {
        return torch.reflection_pad2d(x, beforeAndAfter);
    }

    // ---- pooling and convolution

    /** Largest value of each {@code kernel × kernel} window; a last window that does not fit counts where {@code ceil}. */
    public static Tensor maxPool(Tensor x, long kernel, long stride, boolean ceil) {
        return torch.max_pool2d(
                x,
                new long[] {kernel, kernel},
                new long[] {stride, stride},
                new long[] {0, 0},
                new long[] {1, 1},
                ceil);
    }

    /** Mean of each {@code kernel × kernel} window, windows side by side. */
    public static Tensor averagePool(Tensor x, long kernel) {
        long[] size = {kernel, kernel};
        return torch.avg_pool2d(x, size, size, new long[] {0, 0}, false, true, new LongOptional());
    }

    /** 2D convolution with a padding for each side; x {@code [N, Cin, H, W]}, weight {@code [Cout, Cin, kh, kw]}. */
    public static Tensor conv(Tensor x, Tensor weight, @Nullable Tensor bias, long stride, long padTall, long padWide) {
        return torch.conv2d(
                x,
                weight,
                Ops.optional(bias),
                new long[] {stride, stride},
                new long[] {padTall, padWide},
                new long[] {1, 1},
                1);
    }

    /** Transposed convolution; weight {@code [Cin, Cout, kh, kw]}. */
    public static Tensor convTransposed(Tensor x, Tensor weight, @Nullable Tensor bias, long stride, long padding) {
        return torch.conv_transpose2d(
                x,
                weight,
                Ops.optional(bias),
                new long[] {stride, stride},
                new long[] {padding, padding},
                new long[] {0, 0},
                1,
                1,
                1);
    }

    // ---- activations and normalization

    /** {@code max(x, 0)}. */
    public static Tensor relu(Tensor x) {
        return torch.relu(x);
    }

    /** {@code x} where positive, else {@code slope · x} with one slope a channel {@code [C]}. */
    public static Tensor prelu(Tensor x, Tensor slope) {
        return torch.prelu(x, slope);
    }

    /** {@code x} where positive, else {@code slope · x}. */
    public static Tensor leakyRelu(Tensor x, double slope) {
        return torch.leaky_relu(x, new Scalar(slope));
    }

    /** Normalization of each of {@code groups} groups of channels over channels and pixels, then weight and bias {@code [C]}. */
    public static Tensor groupNorm(Tensor x, long groups, Tensor weight, Tensor bias, double eps) {
        return torch.group_norm(x, groups, new TensorOptional(weight), new TensorOptional(bias), eps, true);
    }

    /** Normalization of each channel of each image over its pixels, eps 1e-5, without parameters. */
    public static Tensor instanceNorm(Tensor x) {
        TensorOptional none = new TensorOptional();
        return torch.instance_norm(x, none, none, none, none, true, 0.1, 1e-5, true);
    }

    /** Batch normalization in evaluation mode, eps 1e-5: {@code (x − mean) / √(variance + eps) · weight + bias}, each {@code [C]}. */
    public static Tensor batchNorm(Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor variance) {
        return torch.batch_norm(
                x,
                new TensorOptional(weight),
                new TensorOptional(bias),
                new TensorOptional(mean),
                new TensorOptional(variance),
                false,
                0.1,
                1e-5,
                true);
    }
}
