package io.arvid.evaluate;

import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/** Resizing and cropping of images {@code [N, C, H, W]} as PyTorch and torchvision do it on tensors, without antialiasing, clamping or rounding. */
public final class ImageResize {
    /** How values between pixels are found. */
    public enum Interpolation {
        BILINEAR,
        /** Cubic convolution with a = −0.75; may leave the range of the input. */
        BICUBIC
    }

    private ImageResize() {}

    /** Bilinear resize to {@code height × width}, corners not aligned. */
    public static Tensor bilinear(Tensor images, long height, long width) {
        return resize(images, height, width, Interpolation.BILINEAR);
    }

    /** Resize to {@code height × width}, corners not aligned; images of that size already are returned as they are. */
    public static Tensor resize(Tensor images, long height, long width, Interpolation interpolation) {
        if (images.size(2) == height && images.size(3) == width) {
            return images;
        }
        return switch (interpolation) {
            case BILINEAR -> ImageOps.upsampleBilinear(images, height, width);
            case BICUBIC -> ImageOps.upsampleBicubic(images, height, width);
        };
    }

    /** torchvision's {@code Resize(size)}: the shorter side becomes {@code size}, the longer {@code ⌊size · longer / shorter⌋}. */
    public static Tensor shorterSide(Tensor images, long size, Interpolation interpolation) {
        long height = images.size(2);
        long width = images.size(3);
        return height <= width
                ? resize(images, size, size * width / height, interpolation)
                : resize(images, size * height / width, size, interpolation);
    }

    /** torchvision's {@code CenterCrop(size)}: offsets {@code (side − size) / 2}, halves rounded to even; images must not be smaller. */
    public static Tensor centerCrop(Tensor images, long size) {
        long top = (long) Math.rint((images.size(2) - size) / 2.0);
        long left = (long) Math.rint((images.size(3) - size) / 2.0);
        return crop(images, top, left, size, size);
    }

    /** The rectangle of {@code height × width} at {@code (top, left)}: a view. */
    public static Tensor crop(Tensor images, long top, long left, long height, long width) {
        if (top < 0 || left < 0 || top + height > images.size(2) || left + width > images.size(3)) {
            throw new IllegalArgumentException("a crop of " + width + "×" + height + " at (" + left + ", " + top
                    + ") out of images of " + images.size(3) + "×" + images.size(2));
        }
        return Ops.slice(Ops.slice(images, 2, top, top + height), 3, left, left + width);
    }
}
