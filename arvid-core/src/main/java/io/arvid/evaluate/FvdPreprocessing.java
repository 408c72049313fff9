package io.arvid.evaluate;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;

/**
 * What the I3D network of FVD sees of a video ({@code preprocess_single} of StyleGAN-V, Skorokhodov et al. 2022, arXiv 2112.14683): bilinear
 * resize of the shorter side without antialiasing, the longer side rounded up, centre crop with offsets rounded down, values to [−1, 1].
 */
public final class FvdPreprocessing {
    /** Side of the crop that I3D was trained with. */
    public static final int RESOLUTION = 224;

    private FvdPreprocessing() {}

    /**
     * Resized and cropped video {@code [T, 3, resolution, resolution]} in [−1, 1].
     *
     * @param video float {@code [T, 3, H, W]} in [0, 1]
     */
    public static Tensor apply(Tensor video, int resolution) {
        try (TensorScope scope = TensorScope.open()) {
            long height = video.size(2);
            long width = video.size(3);
            double scale = (double) resolution / Math.min(height, width);
            long newHeight = height < width ? resolution : (long) Math.ceil(height * scale);
            long newWidth = height < width ? (long) Math.ceil(width * scale) : resolution;
            Tensor resized = ImageResize.bilinear(video, newHeight, newWidth);
            Tensor crop = ImageResize.crop(
                    resized, (newHeight - resolution) / 2, (newWidth - resolution) / 2, resolution, resolution);
            return scope.keep(Ops.mul(Ops.add(crop, -0.5), 2).contiguous());
        }
    }
}
