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
        return own.scores()
                .settings()
                .bootstrap()
                .compare(
                        metric,
                        own.cell().setting(),
                        own.cell().label(),
                        rival.cell().label(),
                        byPrompt(a),
                        byPrompt(b));
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
        var a = own.scores().metric(metric).map(PairedCells::byPrompt).orElse(new double[0]);
        var b = rival.scores().metric(metric).map(PairedCells::byPrompt).orElse(new double[0]);
        double[] logs = IntStream.range(0, Math.min(a.length, b.length))
                .filter(i -> a[i] > 0 && b[i] > 0)
                .mapToDouble(i -> Math.log(a[i] / b[i]))
                .toArray();
        if (logs.length == 0) {
            return Optional.empty();
        }
        Estimate log = own.scores().settings().bootstrap().mean(logs);
        return Optional.of(new GeometricRatio(
                new Estimate(Math.exp(log.mean()), Math.exp(log.low()), Math.exp(log.high())),
                Arrays.stream(logs).filter(each -> each < 0).count(),
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
}
