package io.arvid.compare;

import io.arvid.evaluate.DiscriminabilityScore;
import io.arvid.evaluate.suite.EvaluationResult;
import io.arvid.evaluate.suite.MetricResult;
import io.arvid.evaluate.suite.ResultDiscriminability;
import io.arvid.record.Estimate;
import io.arvid.record.FindingTable;
import io.arvid.record.PairedDifference;
import io.arvid.report.figure.MethodLook;
import io.arvid.report.figure.Numbers;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** What a comparison's results say, in tables. */
final class ResultTables {
    private static final int WORST = 5;
    private static final String RIVAL = "q-arvd";
    private static final List<String> DISTANCES = List.of("latent-mse", "lpips-shapes");
    private static final double MIB = 1 << 20;

    private final List<CellRun.Done> results;

    /** Of the cells of methods at their settings, in the order of the tables. */
    ResultTables(List<CellRun.Done> results) {
        this.results = results;
    }

    private static String name(CellRun.Done result) {
        return MethodLook.setting(result.cell().setting()) + " "
                + MethodLook.of(result.cell().label()).label();
    }

    private List<String> metrics() {
        return results.getFirst().scores().metrics().stream()
                .map(MetricResult::metric)
                .toList();
    }

    /** Every metric of every method, with intervals (the paper's Tables 1 and 2). */
    FindingTable main(EvaluationResult reference) {
        List<String> metrics = metrics();
        List<List<String>> rows = new ArrayList<>();
        rows.add(scores(MethodLook.of(MethodLook.FULL_PRECISION).label(), reference, metrics));
        results.forEach(result -> rows.add(scores(name(result), result.scores(), metrics)));
        List<String> headings = new ArrayList<>(List.of("Recipe"));
        headings.addAll(metrics);
        return new FindingTable(
                "main",
                "Every metric",
                "Mean over the videos, or distance of the whole set, with its 95 % interval; an average of metrics has none."
                        + unscored(reference),
                headings,
                rows);
    }

    /** Videos that no number is of, told with the first of each recipe; empty where there are none. */
    private String unscored(EvaluationResult reference) {
        List<String> failed = new ArrayList<>();
        addFailures(failed, MethodLook.of(MethodLook.FULL_PRECISION).label(), reference);
        results.forEach(result -> addFailures(failed, name(result), result.scores()));
        return failed.isEmpty() ? "" : " Left out, since they could not be scored: " + String.join("; ", failed) + ".";
    }

    private static void addFailures(List<String> failed, String name, EvaluationResult result) {
        int count = result.failures().size();
        if (count > 0) {
            failed.add(name + ", " + result.failures().getFirst() + (count > 1 ? " and " + (count - 1) + " more" : ""));
        }
    }

    private static List<String> scores(String name, EvaluationResult result, List<String> metrics) {
        List<String> row = new ArrayList<>(List.of(name));
        metrics.forEach(metric -> row.add(
                result.metric(metric).map(found -> interval(found.overall())).orElse("–")));
        return row;
    }

    static String interval(Estimate estimate) {
        return estimate.low() == estimate.high()
                ? Numbers.significant(estimate.mean(), 3)
                : Numbers.significant(estimate.mean(), 3) + " [" + Numbers.significant(estimate.low(), 3) + ", "
                        + Numbers.significant(estimate.high(), 3) + "]";
    }

    /** Every recipe against Q-ARVD at the same setting, prompt by prompt. */
    Optional<FindingTable> geometric() {
        List<List<String>> rows = new ArrayList<>();
        for (CellRun.Done result : results) {
            List<String> row = new ArrayList<>(List.of(name(result)));
            results.stream()
                    .filter(rival -> rival != result
                            && rival.cell().label().equals(RIVAL)
                            && rival.cell().setting().equals(result.cell().setting()))
                    .findFirst()
                    .ifPresent(rival -> {
                        for (String metric : DISTANCES) {
                            var ratio = PairedCells.geometricRatio(metric, result, rival);
                            row.add(ratio.map(found -> interval(found.mean())).orElse("–"));
                            row.add(ratio.map(found -> found.won() + "/" + found.prompts())
                                    .orElse("–"));
                        }
                        rows.add(row);
                    });
        }
        List<String> headings = new ArrayList<>(List.of("Recipe"));
        DISTANCES.forEach(metric -> headings.addAll(List.of(metric, "nearer on")));
        return rows.isEmpty()
                ? Optional.empty()
                : Optional.of(new FindingTable(
                        "prompt-ratios",
                        "Against Q-ARVD, prompt by prompt",
                        "Geometric mean of the ratios of the prompts, below 1 where the recipe is nearer to full precision, and the number of prompts on which"
                                + " it is. A mean of distances is ruled by the few prompts whose videos turn into another scene.",
                        headings,
                        rows));
    }

    /** Time, memory and size. */
    FindingTable costs() {
        return new FindingTable(
                "costs",
                "What the recipes cost",
                "Time of calibration and rounding without the sensitivities, which are measured once a setting, "
                        + Numbers.fixed(
                                results.stream()
                                                .mapToDouble(
                                                        result -> result.cost().seconds())
                                                .sum()
                                        / 60,
                                0)
                        + " minutes in all; peak of the whole process meanwhile, other recipes at work included; commit of the program that did it.",
                List.of("Recipe", "seconds", "peak, MiB", "size, MiB", "bits a parameter", "commit"),
                results.stream()
                        .map(result -> List.of(
                                name(result),
                                Numbers.significant(result.cost().seconds(), 3),
                                result.cost().peakBytes() == 0
                                        ? "–"
                                        : Numbers.fixed(result.cost().peakBytes() / MIB, 0),
                                Numbers.fixed(result.cost().bytes() / MIB, 2),
                                Numbers.fixed(
                                        8.0
                                                * result.cost().bytes()
                                                / result.cost().parameters(),
                                        2),
                                Objects.requireNonNullElse(result.cost().sources(), "–")))
                        .toList());
    }

    /** The order of the paper's methods, there and here, pair by pair. */
    List<FindingTable> order() {
        List<FindingTable> tables = new ArrayList<>();
        for (String metric : PairedCells.METRICS) {
            List<List<String>> rows = new ArrayList<>();
            Map<String, Map<String, CellRun.Done>> bySetting = new LinkedHashMap<>();
            for (CellRun.Done result : results) {
                if (result.scores().metric(metric).isPresent()
                        && PublishedResults.fvd(result.cell().setting())
                                .containsKey(result.cell().label())) {
                    bySetting
                            .computeIfAbsent(result.cell().setting(), s -> new LinkedHashMap<>())
                            .put(result.cell().label(), result);
                }
            }
            bySetting.forEach((setting, methods) -> rows.addAll(order(metric, setting, methods)));
            if (!rows.isEmpty()) {
                tables.add(new FindingTable(
                        "order-" + metric,
                        "The paper's order by FVD-FP against the order here by " + metric,
                        "Pairs of methods in the paper's order (Q-ARVD, Table 1, Self Forcing). A pair agrees or disagrees only where the 95 % interval of"
                                + " the paired difference excludes zero, over three prompts or more.",
                        List.of(
                                "Setting",
                                "best to worst in the paper",
                                "best to worst here",
                                "agree",
                                "undecided",
                                "disagree"),
                        rows));
            }
        }
        return tables;
    }

    private static List<List<String>> order(String metric, String setting, Map<String, CellRun.Done> methods) {
        if (methods.size() < 2) {
            return List.of();
        }
        Map<String, Double> published = PublishedResults.fvd(setting);
        MetricResult any =
                methods.values().iterator().next().scores().metric(metric).orElseThrow();
        int sign = any.direction() == io.arvid.evaluate.Direction.LOWER_IS_BETTER ? 1 : -1;
        List<String> there = methods.keySet().stream()
                .sorted(Comparator.comparing(published::get))
                .toList();
        List<String> here = methods.keySet().stream()
                .sorted(Comparator.comparingDouble(method -> sign
                        * methods.get(method)
                                .scores()
                                .metric(metric)
                                .orElseThrow()
                                .overall()
                                .mean()))
                .toList();
        int agree = 0;
        int undecided = 0;
        List<String> disagree = new ArrayList<>();
        for (int i = 0; i < there.size(); i++) {
            for (int j = i + 1; j < there.size(); j++) {
                PairedDifference pair =
                        PairedCells.differences(methods.get(there.get(i)), methods.get(there.get(j))).stream()
                                .filter(difference -> difference.metric().equals(metric))
                                .findFirst()
                                .orElseThrow();
                if (!pair.lower() && !pair.higher()) {
                    undecided++;
                } else if (sign > 0 ? pair.lower() : pair.higher()) {
                    agree++;
                } else {
                    disagree.add(there.get(i) + " / " + there.get(j));
                }
            }
        }
        return List.of(List.of(
                MethodLook.setting(setting),
                String.join(", ", there),
                String.join(", ", here),
                String.valueOf(agree),
                String.valueOf(undecided),
                disagree.isEmpty() ? "0" : disagree.size() + ": " + String.join("; ", disagree)));
    }

    /** How well each metric tells the models apart (Figure 7). */
    Optional<FindingTable> discriminability(EvaluationResult reference) {
        List<EvaluationResult> all = new ArrayList<>(List.of(reference));
        results.stream()
                .filter(result -> result.cell().setting().matches("w\\d+a\\d+"))
                .forEach(result -> all.add(result.scores()));
        if (all.stream().map(EvaluationResult::setting).distinct().count() < 3) {
            return Optional.empty();
        }
        Map<String, DiscriminabilityScore> scores =
                ResultDiscriminability.of(all).scores();
        return Optional.of(new FindingTable(
                "discriminability",
                "How well metrics tell models apart (Q-ARVD, Figure 7)",
                "Coefficient of variation over all quantized entries, share of the methods whose entries fall strictly with the bit width, and their"
                        + " product.",
                List.of("Metric", "CV", "agreement", "score"),
                scores.entrySet().stream()
                        .sorted(Comparator.comparingDouble(
                                entry -> -entry.getValue().score()))
                        .map(entry -> List.of(
                                entry.getKey(),
                                Numbers.fixed(entry.getValue().variation(), 4),
                                entry.getValue().agreeing() + "/"
                                        + entry.getValue().agrees().size(),
                                Numbers.fixed(entry.getValue().score(), 4)))
                        .toList()));
    }

    /** The layers of each recipe that lose most. */
    FindingTable worstLayers() {
        List<List<String>> rows = new ArrayList<>();
        for (CellRun.Done result : results) {
            List<String> row = new ArrayList<>(List.of(name(result)));
            result.cost().decibels().entrySet().stream()
                    .sorted(Map.Entry.comparingByValue())
                    .limit(WORST)
                    .forEach(entry -> row.add(entry.getKey() + " " + Numbers.fixed(entry.getValue(), 1)));
            while (row.size() <= WORST) {
                row.add("–");
            }
            rows.add(row);
        }
        List<String> headings = new ArrayList<>(List.of("Recipe"));
        for (int i = 1; i <= WORST; i++) {
            headings.add(String.valueOf(i));
        }
        return new FindingTable(
                "worst-layers",
                "Worst layers",
                "Signal over quantization noise of the output, in decibels, each layer alone on the full-precision inputs of one calibration prompt.",
                headings,
                rows);
    }
}
