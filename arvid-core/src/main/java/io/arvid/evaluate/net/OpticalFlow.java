package io.arvid.evaluate.net;

import org.bytedeco.pytorch.Tensor;

/** Finds where each pixel of a frame went in the next. */
@FunctionalInterface
public interface OpticalFlow {
    /**
     * Motion {@code [1, 2, H, W]} from {@code first} to {@code second}, (x, y) in pixels.
     *
     * @param first float32 {@code [1, 3, H, W]} in [0, 255], sides divisible by 8
     * @param second the same shape
     */
    Tensor flow(Tensor first, Tensor second);
}
