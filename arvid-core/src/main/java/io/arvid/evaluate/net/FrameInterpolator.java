package io.arvid.evaluate.net;

import org.bytedeco.pytorch.Tensor;

/** Invents the frame halfway between two. */
@FunctionalInterface
public interface FrameInterpolator {
    /**
     * The frame between {@code first} and {@code second}.
     *
     * @param first float32 {@code [1, 3, H, W]} in [0, 1], sides divisible by 16
     * @param second the same shape
     * @return the same shape, in [0, 1]
     */
    Tensor middle(Tensor first, Tensor second);
}
