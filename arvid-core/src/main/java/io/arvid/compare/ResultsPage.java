package io.arvid.compare;

import io.arvid.record.FindingTable;
import io.arvid.record.MachineStamp;
import io.arvid.record.PairedDifference;
import io.arvid.record.RunRecord;
import io.arvid.report.RunFolder;
import io.arvid.report.figure.MethodLook;
import io.arvid.weights.AtomicFile;
import io.arvid.weights.FileHash;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The page of results in Markdown, written from records of runs: nothing in it is typed by hand. */
public final class ResultsPage {
    private ResultsPage() {}

    /** Writes the results of {@code runs} to {@code file}. */
    public static void write(Path file, List<RunFolder> runs) {
        AtomicFile.write(file, page(runs));
    }

    static String page(List<RunFolder> runs) {
        StringBuilder page = new StringBuilder(
                "# Results\n\nWritten by `arvid compare --write-results` from the records of its runs.\n");
        runs.forEach(run -> run(page, run.record()));
        return page.toString();
    }

    private static void run(StringBuilder page, RunRecord record) {
        page.append("\n## ")
                .append(record.model())
                .append(", ")
                .append(record.began())
                .append("\n\n");
        page.append("    ").append(record.command()).append("\n\n");
        page.append("- sources: ").append(record.source().brief()).append('\n');
        page.append("- model: `").append(FileHash.brief(record.modelHash())).append("`\n");
        page.append("- seeds: ").append(new java.util.TreeMap<>(record.seeds())).append('\n');
        MachineStamp machine = record.machine();
        page.append("- machine: ").append(machine.inWords()).append('\n');
        page.append("- instructions: ")
                .append(String.join(", ", machine.cpuFeatures()))
                .append('\n');
        page.append("- versions: ").append(machine.versionsInWords()).append('\n');
        page.append("- time: ")
                .append(record.stages().stream()
                        .map(stage -> stage.name() + " " + Math.round(stage.seconds()) + " s")
                        .collect(Collectors.joining(", ")))
                .append('\n');
        conclusions(page, record.findings().differences(), "q-arvd");
        conclusions(page, record.findings().differences(), "arvid");
        record.findings().tables().forEach(table -> table(page, table));
        differences(page, record.findings().differences());
        page.append("\n### Recipes\n\n");
        record.recipes()
                .forEach(recipe -> page.append("- ")
                        .append(recipe.name())
                        .append(" `")
                        .append(recipe.hash())
                        .append("`\n"));
    }

    /** Every method against {@code rival}, in words, as far as the intervals allow. */
    private static void conclusions(StringBuilder page, List<PairedDifference> differences, String rival) {
        List<String> lines = differences.stream()
                .filter(pair -> pair.rival().equals(rival))
                .filter(pair ->
                        List.of("latent-mse", "lpips-shapes", "lpips-alex").contains(pair.metric()))
                .map(ResultsPage::sentence)
                .toList();
        if (!lines.isEmpty()) {
            page.append("\n### Against ").append(MethodLook.of(rival).label()).append("\n\n");
            lines.forEach(line -> page.append("- ").append(line).append('\n'));
        }
    }

    private static String sentence(PairedDifference pair) {
        String verdict = pair.lower()
                ? "nearer to full precision than"
                : pair.higher() ? "farther from full precision than" : "not told apart from";
        return MethodLook.setting(pair.setting()) + ", " + pair.metric() + ": "
                + MethodLook.of(pair.method()).label() + " is " + verdict + " "
                + MethodLook.of(pair.rival()).label() + " (ratio " + ResultTables.interval(pair.ratio()) + ")";
    }

    private static void table(StringBuilder page, FindingTable table) {
        page.append("\n### ").append(table.title()).append("\n\n");
        if (!table.note().isEmpty()) {
            page.append(table.note()).append("\n\n");
        }
        row(page, table.headings());
        row(page, table.headings().stream().map(heading -> "---").toList());
        table.rows().forEach(cells -> row(page, cells));
    }

    private static void row(StringBuilder page, List<String> cells) {
        page.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    private static void differences(StringBuilder page, List<PairedDifference> differences) {
        Map<String, List<PairedDifference>> byMetric = differences.stream()
                .collect(Collectors.groupingBy(
                        PairedDifference::metric, java.util.LinkedHashMap::new, Collectors.toList()));
        byMetric.forEach((metric, pairs) -> {
            page.append("\n### Prompt by prompt, ").append(metric).append("\n\n");
            row(page, List.of("Setting", "Method", "against", "difference", "ratio", "prompts"));
            row(page, List.of("---", "---", "---", "---", "---", "---"));
            pairs.forEach(pair -> row(
                    page,
                    List.of(
                            MethodLook.setting(pair.setting()),
                            MethodLook.of(pair.method()).label(),
                            MethodLook.of(pair.rival()).label(),
                            ResultTables.interval(pair.difference()),
                            ResultTables.interval(pair.ratio()),
                            String.valueOf(pair.prompts()))));
        });
    }
}
