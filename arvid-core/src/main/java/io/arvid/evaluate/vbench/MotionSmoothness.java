package io.arvid.evaluate.vbench;

import io.arvid.evaluate.Direction;
import io.arvid.evaluate.Frames;
import io.arvid.evaluate.VideoMetric;
import io.arvid.evaluate.net.FrameInterpolator;
import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * VBench's motion smoothness: drop the odd frames, interpolate them from their even neighbours, and see how close they come.
 *
 * <pre>{@code
 * s_i = (255 − mean |frame_{2i+1} − interpolated_i|) / 255        interpolated frames truncated to bytes
 * }</pre>
 *
 * <p>VBench shrinks frames when GPU memory is short; here they keep their size, as in VBench on a CPU or a GPU with room.
 */
public final class MotionSmoothness implements VideoMetric {
    private static final int PAD_TO = 16;

    private final FrameInterpolator interpolator;

    /** Scores with {@code interpolator}: AMT-S in VBench. */
    public MotionSmoothness(FrameInterpolator interpolator) {
        this.interpolator = interpolator;
    }

    @Override
    public String id() {
        return "motion_smoothness";
    }

    @Override
    public Direction direction() {
        return Direction.HIGHER_IS_BETTER;
    }

    @Override
    public int frameOf(int index) {
        return 2 * index + 1;
    }

    /** One number for each odd frame between two even ones; needs three frames, and an even number of frames leaves the last unused. */
    @Override
    public double[] perFrame(Tensor video) {
        if (video.size(0) < 3) {
            throw new IllegalArgumentException(
                    "motion smoothness needs at least three frames; the video has " + video.size(0));
        }
        double[] scores = new double[(int) (video.size(0) - 1) / 2];
        for (int i = 0; i < scores.length; i++) {
            try (TensorScope scope = TensorScope.open()) {
                Tensor frame = Frames.bytes(Ops.slice(video, 0, 2 * i + 1, 2 * i + 2));
                scores[i] = similarity(frame, interpolated(video, i));
            }
        }
        return scores;
    }

    /** The frame between even frames {@code 2i} and {@code 2i + 2}, uint8 {@code [1, 3, H, W]}. */
    public Tensor interpolated(Tensor video, int i) {
        long height = video.size(2);
        long width = video.size(3);
        long tall = Math.floorMod(-height, PAD_TO);
        long wide = Math.floorMod(-width, PAD_TO);
        long[] padding = {wide / 2, wide - wide / 2, tall / 2, tall - tall / 2};
        try (TensorScope scope = TensorScope.open()) {
            Tensor before = ImageOps.padReplicate(Frames.unit(video, 2 * i), padding);
            Tensor after = ImageOps.padReplicate(Frames.unit(video, 2 * i + 2), padding);
            Tensor middle = interpolator.middle(before, after);
            Tensor inside =
                    Ops.slice(Ops.slice(middle, 2, padding[2], padding[2] + height), 3, padding[0], padding[0] + width);
            return scope.keep(Frames.bytes(inside));
        }
    }

    /** {@code (255 − mean |a − b|) / 255} of two uint8 images. */
    public static double similarity(Tensor a, Tensor b) {
        Tensor difference = Ops.toF64(a).sub(Ops.toF64(b)).abs();
        return (255 - Tensors.item(difference.mean())) / 255;
    }
}
