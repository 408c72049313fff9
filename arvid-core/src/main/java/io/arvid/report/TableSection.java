package io.arvid.report;

import io.arvid.record.FindingTable;
import io.arvid.record.Findings;
import io.arvid.report.figure.Markup;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What runs tell in tables: ablations, worst layers, how well metrics tell models apart. */
final class TableSection {
    private TableSection() {}

    static Optional<Markup> draw(Findings found) {
        if (found.tables().isEmpty()) {
            return Optional.empty();
        }
        Markup section = Sections.section(
                "tables", "What makes the difference", "Each table is of the same prompts and the same noise.");
        for (FindingTable table : found.tables()) {
            section.add(Markup.of("h3").with("id", "table-" + table.id()).say(table.title()));
            if (!table.note().isEmpty()) {
                section.add(Markup.text("p", "prose", table.note()));
            }
            section.add(Sections.table(
                    table.headings(),
                    table.rows().stream().map(TableSection::row).toList()));
        }
        return Optional.of(section);
    }

    private static List<Markup> row(List<String> cells) {
        List<Markup> row = new ArrayList<>();
        row.add(Sections.name(cells.getFirst()));
        cells.stream().skip(1).map(Sections::number).forEach(row::add);
        return row;
    }
}
