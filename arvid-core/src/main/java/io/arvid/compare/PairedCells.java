package io.arvid.compare;

import io.arvid.evaluate.PairedBootstrap;
import io.arvid.evaluate.suite.MetricResult;
import io.arvid.record.Estimate;
import io.arvid.record.PairedDifference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Two recipes compared prompt by prompt; several noises of one prompt count as their mean. */
final class PairedCells {
    private PairedCells() {}

    /** Metrics against a reference that are told of pairs. */
    static final List<String> METRICS = List.of("latent-mse", "lpips-shapes", "lpips-alex", "psnr", "ssim");

    /** {@code own} against {@code rival} in every metric of {@link #METRICS} that both have. */
    static List<PairedDifference> differences(CellRun.Done own, CellRun.Done rival) {
        List<PairedDifference> differences = new ArrayList<>();
        for (String metric : METRICS) {
            var a = own.scores().metric(metric);
            var b = rival.scores().metric(metric);
            if (a.isPresent() && b.isPresent()) {
                differences.add(difference(metric, own, rival, a.get(), b.get()));
            }
        }
        return differences;
    }

    private static PairedDifference difference(
            String metric, CellRun.Done own, CellRun.Done rival, MetricResult a, MetricResult b) {
        double[] ours = byPrompt(a);
        double[] theirs = byPrompt(b);
        PairedBootstrap bootstrap = own.scores().settings().bootstrap();
        return new PairedDifference(
                metric,
                own.cell().setting(),
                own.cell().label(),
                rival.cell().label(),
                ours.length,
                bootstrap.level(),
                estimate(bootstrap.meanDifference(ours, theirs)),
                estimate(bootstrap.meanRatio(ours, theirs)));
    }

    /**
     * A ratio prompt by prompt.
     *
     * @param mean geometric mean over the prompts, with its interval: no single prompt can outweigh all others
     * @param won prompts with a ratio below 1
     * @param prompts number of prompts
     */
    record GeometricRatio(Estimate mean, long won, int prompts) {}

    /** Scores of {@code own} over those of {@code rival} in {@code metric}; all positive. */
    static Optional<GeometricRatio> geometricRatio(String metric, CellRun.Done own, CellRun.Done rival) {
        var a = own.scores().metric(metric).map(PairedCells::byPrompt).orElse(new double[0]);
        var b = rival.scores().metric(metric).map(PairedCells::byPrompt).orElse(new double[0]);
        double[] logs = new double[Math.min(a.length, b.length)];
        Arrays.setAll(logs, i -> Math.log(a[i] / b[i]));
        if (logs.length == 0 || !Arrays.stream(logs).allMatch(Double::isFinite)) {
            return Optional.empty();
        }
        PairedBootstrap.Interval interval = own.scores().settings().bootstrap().mean(logs);
        return Optional.of(new GeometricRatio(
                new Estimate(Math.exp(interval.estimate()), Math.exp(interval.low()), Math.exp(interval.high())),
                Arrays.stream(logs).filter(log -> log < 0).count(),
                logs.length));
    }

    private static double[] byPrompt(MetricResult result) {
        Map<String, List<Double>> values = new TreeMap<>();
        result.byVideo()
                .forEach((name, value) -> values.computeIfAbsent(Take.promptOf(name), n -> new ArrayList<>())
                        .add(value));
        return values.values().stream()
                .mapToDouble(each -> each.stream().mapToDouble(v -> v).average().orElseThrow())
                .toArray();
    }

    private static Estimate estimate(PairedBootstrap.Interval interval) {
        return new Estimate(interval.estimate(), interval.low(), interval.high());
    }
}
