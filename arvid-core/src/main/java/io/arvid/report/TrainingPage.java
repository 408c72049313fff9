package io.arvid.report;

import io.arvid.record.FindingTable;
import io.arvid.record.TrainingStep;
import io.arvid.report.figure.Markup;
import io.arvid.report.figure.MethodLook;
import io.arvid.report.figure.StepLines;
import io.arvid.weights.AtomicFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** Training runs as one HTML file that loads nothing else: loss, gradient norm, bound on the regret, rank and learning rates along the steps. */
public final class TrainingPage {
    private static final String RELOAD = "\n<meta http-equiv=\"refresh\" content=\"30\">";

    private TrainingPage() {}

    /** Writes the page of {@code runs}, by name, to {@code file}; a {@code live} one loads itself again now and then. */
    public static void write(
            Path file,
            String title,
            SequencedMap<String, List<TrainingStep>> runs,
            List<FindingTable> tables,
            boolean live) {
        AtomicFile.write(file, page(title, runs, tables, live));
    }

    static String page(
            String title, SequencedMap<String, List<TrainingStep>> runs, List<FindingTable> tables, boolean live) {
        Markup main = Markup.of("main");
        for (FindingTable table : tables) {
            main.add(Sections.section("table-" + table.id(), table.title(), table.note())
                    .add(Sections.table(
                            table.headings(),
                            table.rows().stream().map(TrainingPage::row).toList())));
        }
        List<Markup> panels = new ArrayList<>();
        panels.add(Sections.panel(
                "Loss", "squared difference to the target", lines("Loss", runs, true, TrainingStep::loss)));
        panels.add(Sections.panel(
                "Gradient norm",
                "of all parameters, auxiliary modules included, before clipping; QVGen's bound on the regret grows with its square",
                lines("Gradient norm", runs, true, TrainingStep::gradientNorm)));
        if (any(runs, step -> step.groupNorms().containsKey("weights"))) {
            panels.add(Sections.panel(
                    "Gradient norm of the weights",
                    "without quantizers and auxiliary modules",
                    lines(
                            "Gradient norm of the weights",
                            runs,
                            true,
                            step -> step.groupNorms().getOrDefault("weights", 0.0))));
        }
        if (any(runs, step -> !step.rates().isEmpty())) {
            panels.add(Sections.panel(
                    "Bound on the regret",
                    "mean of (rate / 2) · norm² so far, over all groups of parameters: the part of QVGen's bound that does not vanish with more steps",
                    curves("Bound on the regret", runs, true, TrainingPage::regretBounds)));
        }
        if (any(runs, step -> step.rank() > 0)) {
            panels.add(
                    Sections.panel("Rank", "of the auxiliary modules", lines("Rank", runs, false, TrainingStep::rank)));
        }
        Set<String> groups = new TreeSet<>();
        runs.values()
                .forEach(steps -> steps.stream()
                        .limit(1)
                        .forEach(step -> groups.addAll(step.rates().keySet())));
        for (String group : groups) {
            panels.add(Sections.panel(
                    "Learning rate",
                    group,
                    lines(
                            "Learning rate of " + group,
                            runs,
                            false,
                            step -> step.rates().getOrDefault(group, 0.0))));
        }
        main.add(Sections.section("training", "Along the steps", summary(runs)).add(Sections.grid(panels)));
        return """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">%s
                %s
                <style>
                %s</style>
                </head>
                <body>
                %s
                %s
                </body>
                </html>
                """.formatted(
                        live ? RELOAD : "",
                        Markup.of("title").say(title),
                        HtmlReport.resource("report.css"),
                        Markup.of("header").add(Markup.of("h1").say(title)),
                        main);
    }

    private static boolean any(SequencedMap<String, List<TrainingStep>> runs, Predicate<TrainingStep> property) {
        return runs.values().stream().flatMap(List::stream).anyMatch(property);
    }

    private static List<Markup> row(List<String> cells) {
        List<Markup> row = new ArrayList<>();
        row.add(Sections.name(cells.getFirst()));
        cells.stream().skip(1).map(Sections::number).forEach(row::add);
        return row;
    }

    private static String summary(SequencedMap<String, List<TrainingStep>> runs) {
        List<String> parts = new ArrayList<>();
        runs.forEach((name, steps) -> {
            if (!steps.isEmpty()) {
                TrainingStep last = steps.getLast();
                parts.add(name + ": step " + last.step() + " of " + last.totalSteps());
            }
        });
        return String.join("; ", parts) + ".";
    }

    /** {@code (1/T)·Σ_t Σ_groups (η/2)·‖g‖²} after each step, of gradients before clipping. */
    static double[] regretBounds(List<TrainingStep> steps) {
        double[] means = new double[steps.size()];
        double sum = 0;
        for (int i = 0; i < means.length; i++) {
            TrainingStep step = steps.get(i);
            for (Map.Entry<String, Double> group : step.groupNorms().entrySet()) {
                double rate = step.rates().getOrDefault(group.getKey(), 0.0);
                sum += rate / 2 * group.getValue() * group.getValue();
            }
            means[i] = sum / (i + 1);
        }
        return means;
    }

    private static Markup lines(
            String description,
            SequencedMap<String, List<TrainingStep>> runs,
            boolean logarithmic,
            ToDoubleFunction<TrainingStep> value) {
        return curves(
                description,
                runs,
                logarithmic,
                steps -> steps.stream().mapToDouble(value).toArray());
    }

    private static Markup curves(
            String description,
            SequencedMap<String, List<TrainingStep>> runs,
            boolean logarithmic,
            Function<List<TrainingStep>, double[]> values) {
        List<StepLines.Series> series = new ArrayList<>();
        runs.forEach((name, steps) -> {
            double[] all = values.apply(steps);
            int[] finite = IntStream.range(0, all.length)
                    .filter(i -> Double.isFinite(all[i]))
                    .toArray();
            series.add(new StepLines.Series(
                    MethodLook.run(name, series.size()),
                    IntStream.of(finite).mapToDouble(i -> steps.get(i).step()).toArray(),
                    IntStream.of(finite).mapToDouble(i -> all[i]).toArray()));
        });
        return StepLines.draw(description, series, logarithmic);
    }
}
