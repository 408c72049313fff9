package io.arvid.report;

import io.arvid.evaluate.suite.MetricCatalogue;
import io.arvid.record.Comparison;
import io.arvid.record.Estimate;
import io.arvid.record.Findings;
import io.arvid.record.MetricScores;
import io.arvid.record.PairedDifference;
import io.arvid.report.figure.ChunkLines;
import io.arvid.report.figure.IntervalRows;
import io.arvid.report.figure.Markup;
import io.arvid.report.figure.MethodLook;
import io.arvid.report.figure.Numbers;
import java.util.ArrayList;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Distance from full precision, or scores of videos on their own: overall, method against method, and chunk by chunk. */
final class QualitySection {
    private static final String HEADLINE_METRIC = "latent-mse";

    private QualitySection() {}

    static Optional<Markup> draw(Findings found) {
        List<Comparison> comparisons = found.comparisons();
        if (comparisons.isEmpty()) {
            return Optional.empty();
        }
        Markup section = Sections.section("quality", heading(found), prose(comparisons));
        List<String> metrics = metrics(comparisons);
        section.add(Sections.grid(
                metrics.stream().map(metric -> overall(metric, comparisons)).toList()));
        if (!found.differences().isEmpty()) {
            section.add(duels(found.differences()));
        }
        section.add(Markup.of("h3").say("Chunk by chunk"));
        for (String metric : metrics) {
            section.add(Sections.grid(byChunk(metric, comparisons)));
        }
        return Optional.of(section.add(numbers(metrics, comparisons)));
    }

    /** The headline's differences where the runs hold one method against one rival; empty where they hold more, or nothing, against one another. */
    static List<PairedDifference> duel(Findings found) {
        List<PairedDifference> pairs = found.differences().stream()
                .filter(pair -> pair.metric().equals(HEADLINE_METRIC))
                .toList();
        long duels = pairs.stream()
                .map(pair -> pair.method() + " " + pair.rival())
                .distinct()
                .count();
        return duels == 1 ? pairs : List.of();
    }

    /** True where videos were compared with those of full precision. */
    static boolean hasReference(Comparison comparison) {
        return comparison.metrics().stream().anyMatch(scores -> MetricCatalogue.isAgainstReference(scores.metric()));
    }

    /** How many prompts the comparisons are of: {@code 8}, or {@code 8 to 16} where runs differ. */
    static String prompts(List<Comparison> comparisons) {
        IntSummaryStatistics prompts =
                comparisons.stream().mapToInt(Comparison::prompts).summaryStatistics();
        return prompts.getMin() == prompts.getMax()
                ? String.valueOf(prompts.getMin())
                : prompts.getMin() + " to " + prompts.getMax();
    }

    /** Says who is nearer only where every interval says so. */
    private static String heading(Findings found) {
        if (!found.comparisons().stream().allMatch(QualitySection::hasReference)) {
            return "Scores of the videos";
        }
        List<PairedDifference> pairs = duel(found);
        if (!pairs.isEmpty()
                && pairs.stream().allMatch(pair -> pair.lower() && pair.ratio().high() < 1)) {
            PairedDifference pair = pairs.getFirst();
            return MethodLook.of(pair.method()).label() + " stays nearer to full precision than "
                    + MethodLook.of(pair.rival()).label();
        }
        return "Distance from full precision";
    }

    private static String prose(List<Comparison> comparisons) {
        Comparison first = comparisons.getFirst();
        return compared(comparisons) + " Intervals are bootstrapped over " + prompts(comparisons) + " prompts at "
                + Numbers.percent(first.confidence()) + ".";
    }

    private static String compared(List<Comparison> comparisons) {
        if (comparisons.stream().noneMatch(QualitySection::hasReference)) {
            return "Every video is scored on its own, without a reference.";
        }
        String all =
                "Every quantized video is compared with the full-precision video of the same prompt and the same noise";
        return comparisons.stream().allMatch(QualitySection::hasReference)
                ? all + "."
                : all + " where there is one, and scored on its own where there is none.";
    }

    private static List<String> metrics(List<Comparison> comparisons) {
        return comparisons.stream()
                .flatMap(comparison -> comparison.metrics().stream())
                .map(MetricScores::metric)
                .distinct()
                .toList();
    }

    private static List<String> settings(List<Comparison> comparisons) {
        return comparisons.stream().map(Comparison::setting).distinct().toList();
    }

    private static Stream<Comparison> at(List<Comparison> comparisons, String setting) {
        return comparisons.stream().filter(comparison -> comparison.setting().equals(setting));
    }

    private static Markup overall(String metric, List<Comparison> comparisons) {
        MetricLook look = MetricLook.of(metric);
        List<IntervalRows.Group> groups = new ArrayList<>();
        for (String setting : settings(comparisons)) {
            groups.add(new IntervalRows.Group(
                    MethodLook.setting(setting),
                    at(comparisons, setting)
                            .flatMap(comparison -> comparison.metric(metric).stream()
                                    .map(scores ->
                                            new IntervalRows.Row(MethodLook.of(comparison.method()), scores.overall())))
                            .toList()));
        }
        groups.removeIf(group -> group.rows().isEmpty());
        List<Estimate> all = groups.stream()
                .flatMap(group -> group.rows().stream())
                .map(IntervalRows.Row::estimate)
                .toList();
        return Sections.panel(
                look.title(),
                look.direction(),
                IntervalRows.draw(look.title() + " over the whole video", groups, look.scale(all), look::format));
    }

    private static List<Markup> byChunk(String metric, List<Comparison> comparisons) {
        MetricLook look = MetricLook.of(metric);
        List<Estimate> all = comparisons.stream()
                .flatMap(comparison -> comparison.metric(metric).stream())
                .flatMap(scores -> scores.perChunk().stream())
                .toList();
        if (all.isEmpty()) {
            return List.of();
        }
        return settings(comparisons).stream()
                .filter(setting -> at(comparisons, setting)
                        .flatMap(comparison -> comparison.metric(metric).stream())
                        .anyMatch(scores -> !scores.perChunk().isEmpty()))
                .map(setting -> Sections.panel(
                        look.title() + Sections.at(MethodLook.setting(setting)),
                        "",
                        ChunkLines.draw(
                                look.title() + " by chunk" + Sections.at(MethodLook.setting(setting)),
                                at(comparisons, setting)
                                        .flatMap(comparison -> comparison.metric(metric).stream()
                                                .filter(scores ->
                                                        !scores.perChunk().isEmpty())
                                                .map(scores -> new ChunkLines.Series(
                                                        MethodLook.of(comparison.method()), scores.perChunk())))
                                        .toList(),
                                look.scale(all),
                                look::format)))
                .toList();
    }

    private static Markup duels(List<PairedDifference> pairs) {
        List<List<Markup>> rows = pairs.stream()
                .map(pair -> List.of(
                        Sections.cell(MethodLook.setting(pair.setting())),
                        Sections.name(MethodLook.of(pair.method()).label() + " against "
                                + MethodLook.of(pair.rival()).label()),
                        Sections.name(MetricLook.of(pair.metric()).title()),
                        Sections.number(Numbers.interval(pair.difference(), 3)),
                        Sections.number(Numbers.interval(pair.ratio(), 3)),
                        Sections.number(String.valueOf(pair.prompts()))))
                .toList();
        return Markup.of("details")
                .with("open", "")
                .add(Markup.of("summary").say("Prompt by prompt"))
                .add(Sections.table(List.of("Setting", "Pair", "Metric", "Difference", "Ratio", "Prompts"), rows));
    }

    private static Markup numbers(List<String> metrics, List<Comparison> comparisons) {
        List<String> headings = new ArrayList<>(List.of("Setting", "Method"));
        metrics.forEach(metric -> headings.add(MetricLook.of(metric).title()));
        List<List<Markup>> rows = new ArrayList<>();
        for (Comparison comparison : comparisons) {
            List<Markup> row = new ArrayList<>();
            row.add(Sections.cell(MethodLook.setting(comparison.setting())));
            row.add(Sections.name(MethodLook.of(comparison.method()).label()));
            for (String metric : metrics) {
                row.add(Sections.number(comparison
                        .metric(metric)
                        .map(scores -> interval(MetricLook.of(metric), scores.overall()))
                        .orElse("–")));
            }
            rows.add(row);
        }
        return Markup.of("details")
                .add(Markup.of("summary").say("All numbers over the whole video"))
                .add(Sections.table(headings, rows));
    }

    private static String interval(MetricLook look, Estimate estimate) {
        return look.format(estimate.mean()) + " [" + look.format(estimate.low()) + ", " + look.format(estimate.high())
                + "]";
    }
}
