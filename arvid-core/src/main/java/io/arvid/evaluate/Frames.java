package io.arvid.evaluate;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/** Frames of a video {@code [T, 3, H, W]} that is either uint8 or floating in [0, 1], in the ranges that metrics want. */
public final class Frames {
    private Frames() {}

    /** Frame {@code t} as float32 {@code [1, 3, H, W]} in [0, 1]: bytes are divided by 255. */
    public static Tensor unit(Tensor video, long t) {
        return unit(video, t, t + 1);
    }

    /** Frames {@code start … end − 1} as float32 {@code [n, 3, H, W]} in [0, 1]: bytes are divided by 255. */
    public static Tensor unit(Tensor video, long start, long end) {
        Tensor frames = Ops.slice(video, 0, start, end);
        return isBytes(video) ? Ops.div(Ops.toF32(frames), 255) : Ops.toF32(frames);
    }

    /** Frames {@code start … end − 1} as float32 {@code [n, 3, H, W]} in [0, 255]. */
    public static Tensor scaledTo255(Tensor video, long start, long end) {
        Tensor frames = Ops.toF32(Ops.slice(video, 0, start, end));
        return isBytes(video) ? frames : Ops.mul(frames, 255);
    }

    /** Frames as uint8; floating values in [0, 1] are scaled, clipped and truncated, not rounded (VBench's {@code tensor2img}). */
    public static Tensor bytes(Tensor frames) {
        return isBytes(frames) ? frames : Ops.to(Ops.clamp(Ops.mul(frames, 255), 0, 255), DTypes.U8);
    }

    private static boolean isBytes(Tensor video) {
        return DTypes.of(video) == DTypes.U8;
    }
}
