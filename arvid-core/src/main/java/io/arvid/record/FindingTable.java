package io.arvid.record;

import java.util.List;

/**
 * A table of what a run found.
 *
 * @param id short name, such as {@code weighting}
 * @param title heading
 * @param note what it shows, in a sentence or two
 * @param headings of the columns, the first that of the rows' names
 * @param rows as many cells a row as there are headings
 */
public record FindingTable(String id, String title, String note, List<String> headings, List<List<String>> rows) {
    /** Checks that every row is as long as the headings. */
    public FindingTable {
        headings = List.copyOf(headings);
        rows = rows.stream().map(List::copyOf).toList();
        for (List<String> row : rows) {
            if (row.size() != headings.size()) {
                throw new IllegalArgumentException(
                        "table " + id + ": a row of " + row.size() + " cells under " + headings.size() + " headings");
            }
        }
    }
}
