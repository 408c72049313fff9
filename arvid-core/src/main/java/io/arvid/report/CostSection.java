package io.arvid.report;

import io.arvid.record.RunRecord;
import io.arvid.record.StageRecord;
import io.arvid.report.figure.Markup;
import io.arvid.report.figure.Numbers;
import java.util.ArrayList;
import java.util.List;

/** Time and peak memory of each stage of each run. */
final class CostSection {
    private CostSection() {}

    static Markup draw(List<RunFolder> runs) {
        Markup section = Sections.section(
                "cost",
                "What it cost",
                "Wall-clock time of each stage, and the largest resident memory of the whole process during it.");
        for (RunFolder run : runs) {
            if (runs.size() > 1) {
                section.add(Markup.of("h3").say(run.record().command()));
            }
            section.add(table(run.record()));
        }
        return section;
    }

    private static Markup table(RunRecord run) {
        double longest =
                run.stages().stream().mapToDouble(StageRecord::seconds).max().orElse(1);
        double total = run.stages().stream().mapToDouble(StageRecord::seconds).sum();
        List<List<Markup>> rows = new ArrayList<>();
        for (StageRecord stage : run.stages()) {
            rows.add(List.of(
                    Sections.cell(stage.name()),
                    Sections.bar("plain", stage.seconds() / longest),
                    Sections.number(Numbers.duration(stage.seconds())),
                    Sections.number(memory(stage.peakBytes()))));
        }
        rows.add(List.of(
                Sections.cell("all stages").with("class", "total"),
                Sections.cell("").with("class", "total"),
                Sections.number(Numbers.duration(total)).with("class", "number total"),
                Sections.number(memory(run.peakBytes())).with("class", "number total")));
        return Sections.table(List.of("Stage", "", "Time", "Peak memory"), rows);
    }

    private static String memory(long bytes) {
        return bytes == 0 ? "–" : Numbers.bytes(bytes);
    }
}
