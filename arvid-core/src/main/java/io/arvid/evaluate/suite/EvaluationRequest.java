package io.arvid.evaluate.suite;

import io.arvid.evaluate.input.Sample;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is to be evaluated.
 *
 * @param method id of the method that made the videos, such as {@code q-arvd}; {@code full-precision} for the source
 * @param setting its bit widths, such as {@code w4a8}
 * @param samples the videos
 * @param metrics what they are scored by
 * @param files the metrics' weights
 * @param settings everything else that shapes the numbers
 * @param cache folder of scores that were computed before; null for none
 */
public record EvaluationRequest(
        String method,
        String setting,
        List<Sample> samples,
        List<MetricSpec> metrics,
        MetricFiles files,
        EvaluationSettings settings,
        @Nullable Path cache) {
    /** What the full-precision model is called. */
    public static final String FULL_PRECISION = "full-precision";

    /** Copies the lists. */
    public EvaluationRequest {
        samples = List.copyOf(samples);
        metrics = List.copyOf(metrics);
        if (samples.isEmpty()) {
            throw new IllegalArgumentException("there are no videos to evaluate");
        }
        if (metrics.isEmpty()) {
            throw new IllegalArgumentException("there is no metric that these inputs and weights allow");
        }
    }

    /** Every metric that {@code samples} and {@code files} allow; {@code fvd-shapes} and {@code lpips-shapes} only without what they stand in for. */
    public static List<MetricSpec> possible(List<Sample> samples, MetricFiles files) {
        List<MetricSpec> allowed = MetricCatalogue.ALL.stream()
                .filter(metric -> metric.isSupplied(files))
                .filter(metric -> samples.stream().anyMatch(sample -> allows(sample, metric.input())))
                .toList();
        return allowed.stream()
                .filter(metric -> !MetricCatalogue.isReplaced(metric, allowed))
                .toList();
    }

    private static boolean allows(Sample sample, MetricInput input) {
        boolean frames = sample.video().frames() != null;
        return switch (input) {
            case FRAMES -> frames;
            case PROMPTED_FRAMES -> frames && SemanticTask.understands(sample.prompt());
            case FRAME_PAIR, FEATURES -> frames && sample.reference().frames() != null;
            case LATENT_PAIR ->
                sample.video().latents() != null && sample.reference().latents() != null;
        };
    }
}
