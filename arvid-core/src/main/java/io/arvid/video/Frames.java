package io.arvid.video;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Between videos {@code [T, 3, H, W]} in [0, 1] and bytes. */
public final class Frames {
    private static final int CHANNELS = 3;

    private Frames() {}

    /** Frame {@code t} as red, green, blue bytes, row by row; values outside [0, 1] are clamped. */
    public static byte[] rgb(Tensor video, int t) {
        requireVideo(video);
        try (TensorScope scope = TensorScope.open()) {
            Tensor scaled =
                    Ops.mul(Ops.clamp(Ops.toF32(video.select(0, t)), 0, 1), 255).round();
            return Tensors.toBytes(Ops.to(scaled.permute(1, 2, 0), DTypes.U8));
        }
    }

    /**
     * The video of frames that are red, green, blue bytes, row by row.
     *
     * @return uint8 {@code [frames, 3, height, width]}
     */
    public static Tensor bytesOfRgb(Iterable<byte[]> frames, int height, int width) {
        try (TensorScope scope = TensorScope.open()) {
            List<Tensor> tensors = new ArrayList<>();
            for (byte[] frame : frames) {
                tensors.add(Tensors.of(frame, height, width, CHANNELS).permute(2, 0, 1));
            }
            return scope.keep(Ops.stack(0, tensors).contiguous());
        }
    }

    /** Frame {@code t} as a picture. */
    public static BufferedImage image(Tensor video, int t) {
        byte[] rgb = rgb(video, t);
        int height = (int) video.size(2);
        int width = (int) video.size(3);
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        int[] pixels = new int[width * height];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (rgb[3 * i] & 0xff) << 16 | (rgb[3 * i + 1] & 0xff) << 8 | rgb[3 * i + 2] & 0xff;
        }
        image.setRGB(0, 0, width, height, pixels, 0, width);
        return image;
    }

    /** Every pixel as a square of {@code factor × factor} pixels, so that small videos survive subsampled colour. */
    public static Tensor enlarge(Tensor video, int factor) {
        requireVideo(video);
        return factor == 1 ? video : Ops.upsampleNearest(video, factor);
    }

    /** The frames of {@code video} in [0, 1] as float32; uint8 is divided by 255. */
    public static Tensor unit(Tensor video) {
        return DTypes.of(video) == DTypes.U8 ? Ops.div(Ops.toF32(video), 255) : Ops.toF32(video);
    }

    /** {@code |video − reference| · amplification} of videos as uint8 or in [0, 1]: black where both are the same, 1 at most. */
    public static Tensor difference(Tensor reference, Tensor video, double amplification) {
        requireVideo(reference);
        requireVideo(video);
        if (!Arrays.equals(Tensors.shape(reference), Tensors.shape(video))) {
            throw new IllegalArgumentException("a difference needs videos of one shape, not "
                    + Arrays.toString(Tensors.shape(reference)) + " and " + Arrays.toString(Tensors.shape(video)));
        }
        return TensorScope.run(() ->
                Ops.clamp(Ops.mul(unit(video).sub(unit(reference)).abs(), amplification), 0, 1));
    }

    static void requireVideo(Tensor video) {
        if (video.dim() != 4 || video.size(1) != CHANNELS) {
            throw new IllegalArgumentException(
                    "a video has the shape [T, 3, H, W], not " + Arrays.toString(Tensors.shape(video)));
        }
    }
}
