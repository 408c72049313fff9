package io.arvid.evaluate.shapes;

import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Ways in which frames of the world get worse, each with a strength in (0, 1]. */
enum FrameDistortion {
    /** Gaussian noise with a deviation of up to 0.3. */
    NOISE,
    /** Towards the frame at an eighth of its resolution. */
    BLUR,
    /** Towards one random color. */
    TINT,
    /** Towards the frame of another scene. */
    GHOST,
    /** The same scene up to {@value #MOST_FRAMES_LATER} frames later: the shapes have moved. */
    DELAY;

    /** Frames of the longest delay. */
    static final int MOST_FRAMES_LATER = 12;

    private static final double NOISE_DEVIATION = 0.3;
    private static final int BLUR_FACTOR = 8;

    /**
     * Each frame at each of several strengths, with the same noise, color or other scene.
     *
     * @param frames first frames of {@code batch}, float32 {@code [B, 3, H, W]} in [0, 1]
     * @param strengths each {@code [B]}
     */
    List<Tensor> both(SceneBatch batch, Tensor frames, List<Tensor> strengths, long seed) {
        List<Tensor> distorted = new ArrayList<>();
        try (Seeds seeds = new Seeds(seed)) {
            Tensor target = target(frames, seeds);
            for (Tensor strength : strengths) {
                distorted.add(
                        this == DELAY
                                ? batch.render(1, framesLater(strength)).squeeze(1)
                                : Ops.clamp(frames.add(target.sub(frames).mul(strength.view(-1, 1, 1, 1))), 0, 1));
            }
        }
        return distorted;
    }

    /** What strength 1 turns the frames into. */
    private Tensor target(Tensor frames, Seeds seeds) {
        return switch (this) {
            case NOISE -> frames.add(Ops.mul(seeds.normal(Tensors.shape(frames)), NOISE_DEVIATION));
            case BLUR ->
                ImageOps.upsampleBilinear(ImageOps.averagePool(frames, BLUR_FACTOR), frames.size(2), frames.size(3));
            case TINT -> seeds.uniform(frames.size(0), 3, 1, 1).expand(Tensors.shape(frames));
            case GHOST -> frames.roll(new long[] {1}, 0);
            case DELAY -> frames;
        };
    }

    private static int[] framesLater(Tensor strength) {
        float[] values = Tensors.toFloats(strength);
        int[] later = new int[values.length];
        for (int i = 0; i < later.length; i++) {
            later[i] = Math.max(1, Math.round(values[i] * MOST_FRAMES_LATER));
        }
        return later;
    }
}
