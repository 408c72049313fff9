package io.arvid.evaluate;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * Temporal flicker: the mean absolute difference of neighbouring frames, in [0, 1]. VBench's {@code temporal_flickering} of a video is one minus its
 * mean. It also rises with honest motion: compare it between models for the same prompts.
 */
public final class TemporalFlicker implements VideoMetric {
    @Override
    public String id() {
        return "temporal_flicker";
    }

    @Override
    public Direction direction() {
        return Direction.LOWER_IS_BETTER;
    }

    /** One number for each frame but the first. */
    @Override
    public double[] perFrame(Tensor video) {
        if (video.size(0) < 2) {
            throw new IllegalArgumentException("flicker needs at least two frames; the video has " + video.size(0));
        }
        double[] flicker = new double[(int) video.size(0) - 1];
        for (int t = 0; t < flicker.length; t++) {
            try (TensorScope scope = TensorScope.open()) {
                Tensor difference = Ops.toF64(Frames.unit(video, t + 1)).sub(Ops.toF64(Frames.unit(video, t)));
                flicker[t] = Tensors.item(difference.abs().mean());
            }
        }
        return flicker;
    }

    @Override
    public int frameOf(int index) {
        return index + 1;
    }
}
