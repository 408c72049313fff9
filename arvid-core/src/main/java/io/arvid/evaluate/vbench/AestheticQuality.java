package io.arvid.evaluate.vbench;

import io.arvid.evaluate.Direction;
import io.arvid.evaluate.VideoMetric;
import io.arvid.evaluate.net.AestheticHead;
import io.arvid.evaluate.net.ImageEncoder;
import io.arvid.tensor.TensorScope;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/** VBench's aesthetic quality: LAION's linear predictor on CLIP ViT-L/14 features of each frame, over 10. */
public final class AestheticQuality implements VideoMetric {
    private final FrameFeatures features;
    private final AestheticHead head;

    /** Scores with CLIP ViT-L/14 and the head trained on it. */
    public AestheticQuality(ImageEncoder clip, AestheticHead head) {
        this.features = new FrameFeatures(VBenchTransform::clip, clip);
        this.head = head;
    }

    @Override
    public String id() {
        return "aesthetic_quality";
    }

    @Override
    public Direction direction() {
        return Direction.HIGHER_IS_BETTER;
    }

    @Override
    public double[] perFrame(Tensor video) {
        try (TensorScope scope = TensorScope.open()) {
            return Arrays.stream(head.scores(features.of(video)))
                    .map(score -> score / 10)
                    .toArray();
        }
    }
}
