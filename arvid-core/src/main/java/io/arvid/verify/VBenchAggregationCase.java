package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.evaluate.FrameScores;
import io.arvid.evaluate.net.AestheticHead;
import io.arvid.evaluate.vbench.FrameConsistency;
import io.arvid.evaluate.vbench.MotionSmoothness;
import io.arvid.evaluate.vbench.VBenchAggregation;
import io.arvid.evaluate.vbench.VBenchTransform;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.bytedeco.pytorch.Tensor;

/** {@code vbench_aggregation}: VBench's formulas and preprocessing with the networks' outputs given. */
final class VBenchAggregationCase implements GoldenCase {
    @Override
    public void run(CaseFolder folder, CaseReport report) {
        compareConsistency(folder, report);
        compareAesthetic(folder, report);
        compareImaging(folder, report);
        compareMotion(folder, report);
        comparePreprocessing(folder, report);
    }

    private static void compareConsistency(CaseFolder folder, CaseReport report) {
        FrameScores scores = videos(folder, "_features", features -> FrameConsistency.of(features));
        double overFrames = VBenchAggregation.OVER_FRAMES.reduce(scores);
        double overVideos = VBenchAggregation.OVER_VIDEOS.reduce(scores);
        expectVideos(folder, report, "subject_consistency", scores, 1);
        expect(folder, report, "subject_consistency", "single_process", overFrames);
        expect(folder, report, "subject_consistency", "multi_process", overVideos);
        expectVideos(folder, report, "background_consistency", scores, 1);
        expect(folder, report, "background_consistency", "single_process", overFrames);
        expect(folder, report, "background_consistency", "multi_process", overFrames);
    }

    private static void compareAesthetic(CaseFolder folder, CaseReport report) {
        Map<String, Tensor> parameters = Map.of(
                "weight", folder.tensor("aesthetic_head_weight"),
                "bias", folder.tensor("aesthetic_head_bias"));
        try (WeightMap file = WeightMap.of(parameters);
                AestheticHead head = new AestheticHead(file)) {
            FrameScores scores = videos(folder, "_features", features -> scaled(head.scores(features), 0.1));
            expectVideos(folder, report, "aesthetic_quality", scores, 1);
            expect(folder, report, "aesthetic_quality", "aggregate", VBenchAggregation.OVER_VIDEOS.reduce(scores));
        }
    }

    private static void compareImaging(CaseFolder folder, CaseReport report) {
        FrameScores scores = videos(folder, "_musiq_scores", tensor -> scaled(Tensors.toDoubles(tensor), 0.01));
        expectVideos(folder, report, "imaging_quality", scores, 100);
        expect(folder, report, "imaging_quality", "aggregate", VBenchAggregation.OVER_VIDEOS.reduce(scores));
    }

    private static void compareMotion(CaseFolder folder, CaseReport report) {
        FrameScores scores = all(folder, video -> "motion" + video + "_frames", video -> {
            Tensor frames = folder.tensor("motion" + video + "_frames");
            Tensor sequence = folder.tensor("motion" + video + "_interpolated");
            return IntStream.range(0, (int) sequence.size(0) / 2)
                    .mapToDouble(i ->
                            MotionSmoothness.similarity(frames.select(0, 2 * i + 1), sequence.select(0, 2 * i + 1)))
                    .toArray();
        });
        expectVideos(folder, report, "motion_smoothness", scores, 1);
        expect(folder, report, "motion_smoothness", "aggregate", VBenchAggregation.OVER_VIDEOS.reduce(scores));
    }

    private static void comparePreprocessing(CaseFolder folder, CaseReport report) {
        Tolerance tolerance = folder.tolerance("*_dino/*_clip/*_imaging");
        Map<String, UnaryOperator<Tensor>> transforms = Map.of(
                "_dino", VBenchTransform::dino, "_clip", VBenchTransform::clip, "_imaging", VBenchTransform::imaging);
        folder.io().names().stream()
                .sorted()
                .forEach(name -> transforms.forEach((suffix, transform) -> {
                    if (name.endsWith(suffix)) {
                        Tensor image = folder.tensor(name.substring(0, name.length() - suffix.length()));
                        report.expect(
                                folder, name, transform.apply(Ops.toF32(image).unsqueeze(0)), tolerance);
                    }
                }));
    }

    /** The scores of every {@code video<i><suffix>} in order. */
    private static FrameScores videos(
            CaseFolder folder, String suffix, java.util.function.Function<Tensor, double[]> score) {
        return all(folder, i -> "video" + i + suffix, i -> score.apply(folder.tensor("video" + i + suffix)));
    }

    private static FrameScores all(CaseFolder folder, IntFunction<String> name, IntFunction<double[]> score) {
        List<double[]> scores = IntStream.iterate(0, i -> folder.io().has(name.apply(i)), i -> i + 1)
                .mapToObj(score)
                .toList();
        return new FrameScores(scores);
    }

    private static double[] scaled(double[] values, double factor) {
        double[] scaled = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            scaled[i] = values[i] * factor;
        }
        return scaled;
    }

    private static void expectVideos(
            CaseFolder folder, CaseReport report, String dimension, FrameScores scores, double unit) {
        JsonNode expected = folder.json().path("results").path(dimension).path("per_video");
        report.expect(
                dimension + " per video",
                scaled(scores.videoMeans(), unit),
                StreamSupport.stream(expected.spliterator(), false)
                        .mapToDouble(JsonNode::asDouble)
                        .toArray(),
                tolerance(folder, dimension));
    }

    private static void expect(CaseFolder folder, CaseReport report, String dimension, String field, double actual) {
        report.expect(
                dimension + " " + field,
                actual,
                folder.json().path("results").path(dimension).path(field).asDouble(),
                tolerance(folder, dimension));
    }

    private static Tolerance tolerance(CaseFolder folder, String dimension) {
        return folder.tolerance(dimension.equals("motion_smoothness") ? "motion" : "per_video/aggregate");
    }
}
