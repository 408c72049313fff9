package io.arvid.evaluate.vbench;

import io.arvid.evaluate.ImageResize;
import io.arvid.evaluate.ImageResize.Interpolation;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** What VBench's networks see of frames {@code [N, 3, H, W]}, float32 in [0, 255]: its {@code dino_transform}, {@code clip_transform}, and MUSIQ's. */
public final class VBenchTransform {
    private static final int SIDE = 224;
    private static final double LONGEST_SIDE = 512;
    private static final float[] IMAGENET_MEAN = {0.485f, 0.456f, 0.406f};
    private static final float[] IMAGENET_DEVIATION = {0.229f, 0.224f, 0.225f};
    private static final float[] CLIP_MEAN = {0.48145466f, 0.4578275f, 0.40821073f};
    private static final float[] CLIP_DEVIATION = {0.26862954f, 0.26130258f, 0.27577711f};

    private VBenchTransform() {}

    /** Shorter side to 224 bilinearly, no crop, ImageNet's normalization: {@code [N, 3, 224, ⌊224·W/H⌋]} for wide frames. */
    public static Tensor dino(Tensor frames) {
        Tensor resized = ImageResize.shorterSide(frames, SIDE, Interpolation.BILINEAR);
        return normalize(Ops.div(resized, 255), IMAGENET_MEAN, IMAGENET_DEVIATION);
    }

    /** Shorter side to 224 bicubically without clamping, centre crop, CLIP's normalization: {@code [N, 3, 224, 224]}. */
    public static Tensor clip(Tensor frames) {
        Tensor resized = ImageResize.shorterSide(frames, SIDE, Interpolation.BICUBIC);
        return normalize(Ops.div(ImageResize.centerCrop(resized, SIDE), 255), CLIP_MEAN, CLIP_DEVIATION);
    }

    /** Frames with a side above 512 are resized bilinearly to 512 on the longer side, both rounded down; values to [0, 1]. */
    public static Tensor imaging(Tensor frames) {
        long height = frames.size(2);
        long width = frames.size(3);
        long longest = Math.max(height, width);
        if (longest <= LONGEST_SIDE) {
            return Ops.div(frames, 255);
        }
        double scale = LONGEST_SIDE / longest;
        return Ops.div(ImageResize.bilinear(frames, (long) (scale * height), (long) (scale * width)), 255);
    }

    private static Tensor normalize(Tensor images, float[] mean, float[] deviation) {
        return images.sub(Tensors.of(mean, 1, 3, 1, 1)).div(Tensors.of(deviation, 1, 3, 1, 1));
    }
}
