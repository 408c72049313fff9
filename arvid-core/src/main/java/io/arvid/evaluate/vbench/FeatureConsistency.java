package io.arvid.evaluate.vbench;

import io.arvid.evaluate.Direction;
import io.arvid.evaluate.FrameScores;
import io.arvid.evaluate.VideoMetric;
import io.arvid.evaluate.net.ImageEncoder;
import io.arvid.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;

/** VBench's subject consistency (DINO ViT-B/16) and background consistency (CLIP ViT-B/32): {@link FrameConsistency} of the encoder's features. */
public final class FeatureConsistency implements VideoMetric {
    private final String id;
    private final FrameFeatures features;
    private final VBenchAggregation aggregation;

    private FeatureConsistency(String id, FrameFeatures features, VBenchAggregation aggregation) {
        this.id = id;
        this.features = features;
        this.aggregation = aggregation;
    }

    /**
     * Subject consistency.
     *
     * @param dino DINO ViT-B/16
     * @param aggregation over frames as one VBench process, over videos as several
     */
    public static FeatureConsistency subject(ImageEncoder dino, VBenchAggregation aggregation) {
        return new FeatureConsistency(
                "subject_consistency", new FrameFeatures(VBenchTransform::dino, dino), aggregation);
    }

    /** Background consistency by CLIP ViT-B/32. */
    public static FeatureConsistency background(ImageEncoder clip) {
        return new FeatureConsistency(
                "background_consistency",
                new FrameFeatures(VBenchTransform::clip, clip),
                VBenchAggregation.OVER_FRAMES);
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public Direction direction() {
        return Direction.HIGHER_IS_BETTER;
    }

    /** One number for each frame but the first. */
    @Override
    public double[] perFrame(Tensor video) {
        try (TensorScope scope = TensorScope.open()) {
            return FrameConsistency.of(features.of(video));
        }
    }

    @Override
    public int frameOf(int index) {
        return index + 1;
    }

    @Override
    public double aggregate(FrameScores scores) {
        return aggregation.reduce(scores);
    }
}
