package io.arvid.compare;

import io.arvid.evaluate.PairedBootstrap;
import io.arvid.evaluate.suite.MetricResult;
import io.arvid.record.Estimate;
import io.arvid.record.PairedDifference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
