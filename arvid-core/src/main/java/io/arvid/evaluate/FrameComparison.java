package io.arvid.evaluate;

import io.arvid.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/** Compares each frame of a video with the same frame of its reference: PSNR, SSIM, LPIPS. */
public interface FrameComparison {
    /** Name in reports: {@code psnr}, {@code ssim}, {@code lpips-alex}. */
    String id();

    /** Which way the number improves. */
    Direction direction();

    /**
     * One number per frame.
     *
     * @param reference {@code [T, 3, H, W]}, floating in [0, 1] or uint8
     * @param video the same shape
     */
    double[] perFrame(Tensor reference, Tensor video);

    /** Refuses a pair of videos whose shapes differ, or that are not {@code [T, C, H, W]} with at least one frame. */
    static void requirePair(Tensor reference, Tensor video) {
        long[] expected = Tensors.shape(reference);
        long[] actual = Tensors.shape(video);
        if (expected.length != 4 || expected[0] == 0 || !Arrays.equals(expected, actual)) {
            throw new IllegalArgumentException("a pair of videos needs one shape [T, C, H, W]; the reference is "
                    + Arrays.toString(expected) + ", the video " + Arrays.toString(actual));
        }
    }
}
