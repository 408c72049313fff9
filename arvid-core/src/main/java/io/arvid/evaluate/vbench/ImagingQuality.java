package io.arvid.evaluate.vbench;

import io.arvid.evaluate.Direction;
import io.arvid.evaluate.Frames;
import io.arvid.evaluate.VideoMetric;
import io.arvid.evaluate.net.Musiq;
import io.arvid.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;

/** VBench's imaging quality: MUSIQ (SPAQ) of each frame, over 100. */
public final class ImagingQuality implements VideoMetric {
    private final Musiq musiq;

    /** Scores with {@code musiq}. */
    public ImagingQuality(Musiq musiq) {
        this.musiq = musiq;
    }

    @Override
    public String id() {
        return "imaging_quality";
    }

    @Override
    public Direction direction() {
        return Direction.HIGHER_IS_BETTER;
    }

    @Override
    public double[] perFrame(Tensor video) {
        double[] scores = new double[(int) video.size(0)];
        for (int t = 0; t < scores.length; t++) {
            try (TensorScope scope = TensorScope.open()) {
                scores[t] = musiq.score(VBenchTransform.imaging(Frames.scaledTo255(video, t, t + 1))) / 100;
            }
        }
        return scores;
    }
}
