package io.arvid.compare;

import io.arvid.evaluate.suite.MetricResult;
import io.arvid.record.Estimate;
import io.arvid.record.PairedDifference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Two recipes compared prompt by prompt, on the videos that both have; several noises of one prompt count as their mean. */
final class PairedCells {
    private PairedCells() {}

    /** Metrics against a reference that are told of pairs. */
    static final List<String> METRICS = List.of("latent-mse", "lpips-shapes", "lpips-alex", "psnr", "ssim");

    /** Scores of the same prompts in the same order. */
    private record Scores(double[] own, double[] rival) {}

    /** {@code own} against {@code rival} in every metric of {@link #METRICS} that both have. */
    static List<PairedDifference> differences(CellRun.Done own, CellRun.Done rival) {
        List<PairedDifference> differences = new ArrayList<>();
        for (String metric : METRICS) {
            paired(metric, own, rival)
                    .ifPresent(scores -> differences.add(own.scores()
                            .settings()
                            .bootstrap()
                            .compare(
                                    metric,
                                    own.cell().setting(),
                                    own.cell().label(),
                                    rival.cell().label(),
                                    scores.own(),
                                    scores.rival())));
        }
        return differences;
    }

    /**
     * A ratio prompt by prompt.
     *
     * @param mean geometric mean over the prompts, with its interval: no single prompt can outweigh all others
     * @param won prompts with a ratio below 1
     * @param prompts prompts with a ratio
     */
    record GeometricRatio(Estimate mean, long won, int prompts) {}

    /** Scores of {@code own} over those of {@code rival} in {@code metric}, on the prompts where both are positive. */
    static Optional<GeometricRatio> geometricRatio(String metric, CellRun.Done own, CellRun.Done rival) {
        double[] logs = paired(metric, own, rival)
                .map(scores -> IntStream.range(0, scores.own().length)
                        .filter(i -> scores.own()[i] > 0 && scores.rival()[i] > 0)
                        .mapToDouble(i -> Math.log(scores.own()[i] / scores.rival()[i]))
                        .toArray())
                .orElse(new double[0]);
        if (logs.length == 0) {
            return Optional.empty();
        }
        Estimate log = own.scores().settings().bootstrap().mean(logs);
        return Optional.of(new GeometricRatio(
                new Estimate(Math.exp(log.mean()), Math.exp(log.low()), Math.exp(log.high())),
                Arrays.stream(logs).filter(each -> each < 0).count(),
                logs.length));
    }

    /** Empty where the two have no video in common. */
    private static Optional<Scores> paired(String metric, CellRun.Done own, CellRun.Done rival) {
        Map<String, Double> a = byVideo(metric, own);
        Map<String, Double> b = byVideo(metric, rival);
        List<String> shared = a.keySet().stream().filter(b::containsKey).toList();
        return shared.isEmpty() ? Optional.empty() : Optional.of(new Scores(byPrompt(a, shared), byPrompt(b, shared)));
    }

    private static Map<String, Double> byVideo(String metric, CellRun.Done cell) {
        return cell.scores().metric(metric).map(MetricResult::byVideo).orElse(Map.of());
    }

    private static double[] byPrompt(Map<String, Double> byVideo, List<String> videos) {
        Map<String, List<Double>> values = new TreeMap<>();
        videos.forEach(video -> values.computeIfAbsent(Take.promptOf(video), prompt -> new ArrayList<>())
                .add(byVideo.get(video)));
        return values.values().stream()
                .mapToDouble(each -> each.stream().mapToDouble(v -> v).average().orElseThrow())
                .toArray();
    }
}
