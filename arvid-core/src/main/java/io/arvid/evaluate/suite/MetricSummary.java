package io.arvid.evaluate.suite;

import io.arvid.evaluate.DriftCurve;
import io.arvid.evaluate.FrechetDistance;
import io.arvid.evaluate.PairedBootstrap;
import io.arvid.evaluate.VideoGroups;
import io.arvid.evaluate.vbench.VBenchAggregation;
import io.arvid.record.Estimate;
import io.arvid.record.Progress;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** Reduces the numbers of all videos to the numbers of the set; the videos of one prompt are drawn together. */
final class MetricSummary {
    private static final List<String> VBENCH_FIVE = List.of(
            "subject_consistency",
            "background_consistency",
            "motion_smoothness",
            "aesthetic_quality",
            "imaging_quality");

    private final EvaluationSettings settings;
    private final PairedBootstrap bootstrap;
    private final Map<String, String> prompts;

    /** A summary of videos whose {@code prompts} are known by the videos' names. */
    MetricSummary(EvaluationSettings settings, Map<String, String> prompts) {
        this.settings = settings;
        this.prompts = prompts;
        this.bootstrap = settings.bootstrap();
    }

    /** Results of every metric that scored a video, and VBench's plain average where its five dimensions are there. */
    List<MetricResult> of(List<MetricScoring> metrics, Progress.Stage stage) {
        List<MetricResult> results = new ArrayList<>();
        for (MetricScoring metric : metrics) {
            if (metric.videos().isEmpty()) {
                stage.step();
                continue;
            }
            switch (metric.spec().input()) {
                case FEATURES -> results.add(distance(metric, stage));
                case PROMPTED_FRAMES -> results.addAll(words(metric));
                case FRAMES, FRAME_PAIR, LATENT_PAIR -> results.add(mean(metric));
            }
            stage.step();
        }
        vbenchAverage(results).ifPresent(results::add);
        return results;
    }

    /** The Fréchet distance of the features of all references and all videos, and that of their features at each chunk. */
    private MetricResult distance(MetricScoring metric, Progress.Stage stage) {
        int chunks = chunks(metric);
        List<Estimate> parts = new ArrayList<>();
        for (int part = 0; part <= chunks; part++) {
            parts.add(distance(metric, part));
            if (part > 0) {
                stage.step();
            }
        }
        List<Estimate> byChunk = parts.subList(1, parts.size());
        return new MetricResult(
                metric.spec().id(),
                metric.spec().direction(),
                identical(metric.spec()),
                metric.videos().size(),
                parts.getFirst(),
                List.copyOf(byChunk),
                byChunk.isEmpty()
                        ? null
                        : byChunk.getLast().mean() - byChunk.getFirst().mean(),
                Map.of());
    }

    /** Steps of {@link #of}: one a metric, and for a distance of sets one a chunk. */
    static long steps(List<MetricScoring> metrics) {
        return metrics.stream()
                .mapToLong(metric -> 1 + (metric.spec().input() == MetricInput.FEATURES ? chunks(metric) : 0))
                .sum();
    }

    private static int chunks(MetricScoring metric) {
        return metric.videos().values().stream()
                .mapToInt(ChunkFeatures::chunks)
                .max()
                .orElse(0);
    }

    /** Over the videos that have the part. */
    private Estimate distance(MetricScoring metric, int part) {
        List<String> names = new ArrayList<>();
        List<double[]> own = new ArrayList<>();
        List<double[]> references = new ArrayList<>();
        metric.videos().forEach((name, features) -> {
            Scores reference = metric.references().get(name);
            if (reference != null
                    && Math.min(ChunkFeatures.chunks(features), ChunkFeatures.chunks(reference)) >= part) {
                names.add(name);
                own.add(ChunkFeatures.part(features, part));
                references.add(ChunkFeatures.part(reference, part));
            }
        });
        try (TensorScope scope = TensorScope.open()) {
            return FrechetDistance.between(matrix(references), matrix(own), bootstrap.forDistances(), groups(names));
        }
    }

    private static Tensor matrix(List<double[]> features) {
        double[] values = features.stream().flatMapToDouble(Arrays::stream).toArray();
        return Tensors.of(values, features.size(), values.length / features.size());
    }

    private static MetricResult ofSet(MetricSpec spec, String id, int videos, double value) {
        return new MetricResult(
                id, spec.direction(), identical(spec), videos, Estimate.exact(value), List.of(), null, Map.of());
    }

    /** One result a kind of word. */
    private List<MetricResult> words(MetricScoring metric) {
        List<String> names = SemanticTask.names();
        return IntStream.range(0, names.size())
                .mapToObj(word -> {
                    Map<String, Double> byVideo = new LinkedHashMap<>();
                    metric.videos().forEach((video, scores) -> byVideo.put(video, scores.values()[word]));
                    Estimate overall = interval(byVideo);
                    return result(metric.spec(), names.get(word), overall, List.of(), null, byVideo);
                })
                .toList();
    }

    private MetricResult mean(MetricScoring metric) {
        MetricSpec spec = metric.spec();
        List<double[]> numbers =
                metric.videos().values().stream().map(Scores::values).toList();
        Map<String, Double> byVideo = new LinkedHashMap<>();
        metric.videos()
                .forEach((video, scores) -> byVideo.put(
                        video, Arrays.stream(scores.values()).average().orElse(Double.NaN)));
        Estimate overall = weightedMean(byVideo, numbers, spec.aggregation());
        boolean latent = spec.input() == MetricInput.LATENT_PAIR;
        Map<String, DriftCurve> curves = new LinkedHashMap<>();
        metric.videos().forEach((video, scores) -> {
            if (scores.hasFrames()) {
                curves.put(video, curve(scores, latent));
            }
        });
        return curves.isEmpty()
                ? result(spec, spec.id(), overall, List.of(), null, byVideo)
                : result(
                        spec,
                        spec.id(),
                        overall,
                        byChunk(curves),
                        DriftCurve.mean(List.copyOf(curves.values())).drift(),
                        byVideo);
    }

    private Estimate weightedMean(Map<String, Double> byVideo, List<double[]> numbers, VBenchAggregation aggregation) {
        double[] means = toArray(byVideo);
        double[] weights = numbers.stream().mapToDouble(aggregation::weight).toArray();
        double[] sums = IntStream.range(0, means.length)
                .mapToDouble(video -> means[video] * weights[video])
                .toArray();
        return bootstrap.meanRatio(sums, weights, groups(byVideo.keySet()));
    }

    private DriftCurve curve(Scores scores, boolean latent) {
        int frames = 1 + Arrays.stream(scores.frames()).max().orElseThrow();
        return DriftCurve.of(
                scores.values(),
                i -> scores.frames()[i],
                settings.chunks(frames, latent).starts());
    }

    private List<Estimate> byChunk(Map<String, DriftCurve> curves) {
        int chunks = curves.values().stream()
                .mapToInt(curve -> curve.byChunk().length)
                .max()
                .orElse(0);
        return IntStream.range(0, chunks)
                .mapToObj(chunk -> {
                    Map<String, Double> values = new LinkedHashMap<>();
                    curves.forEach((video, curve) -> {
                        if (curve.byChunk().length > chunk && !Double.isNaN(curve.byChunk()[chunk])) {
                            values.put(video, curve.byChunk()[chunk]);
                        }
                    });
                    return values.isEmpty() ? Estimate.exact(Double.NaN) : interval(values);
                })
                .toList();
    }

    private Estimate interval(Map<String, Double> byVideo) {
        return bootstrap.mean(toArray(byVideo), groups(byVideo.keySet()));
    }

    private VideoGroups groups(Collection<String> videos) {
        return VideoGroups.byPrompt(videos, prompts);
    }

    private static Optional<MetricResult> vbenchAverage(List<MetricResult> results) {
        List<MetricResult> five = results.stream()
                .filter(result -> VBENCH_FIVE.contains(result.metric()))
                .toList();
        if (five.size() < VBENCH_FIVE.size()) {
            return Optional.empty();
        }
        double average = VBenchAggregation.average(
                five.stream().map(result -> result.overall().mean()).toList());
        int videos = five.stream().mapToInt(MetricResult::videos).min().orElseThrow();
        return Optional.of(ofSet(MetricCatalogue.named(VBENCH_FIVE.getFirst()), "vbench_average", videos, average));
    }

    private static MetricResult result(
            MetricSpec spec,
            String id,
            Estimate overall,
            List<Estimate> perChunk,
            @Nullable Double drift,
            Map<String, Double> byVideo) {
        return new MetricResult(
                id,
                spec.direction(),
                identical(spec),
                byVideo.size(),
                overall,
                perChunk,
                drift == null || drift.isNaN() ? null : drift,
                byVideo);
    }

    private static @Nullable Double identical(MetricSpec spec) {
        return Double.isNaN(spec.identical()) ? null : spec.identical();
    }

    private static double[] toArray(Map<String, Double> byVideo) {
        return byVideo.values().stream().mapToDouble(Double::doubleValue).toArray();
    }
}
