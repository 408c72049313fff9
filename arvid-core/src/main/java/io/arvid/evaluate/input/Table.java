package io.arvid.evaluate.input;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Rows of a CSV file with a header, of a JSON array of objects (or of one object with a single array), or of JSON lines. A JSON string counts as a row
 * with a {@code prompt}. Values that are no scalars are left out.
 *
 * @param file where they come from
 * @param rows values by column
 */
record Table(Path file, List<Map<String, String>> rows) {
    private static final JsonMapper JSON = new JsonMapper();

    static Table read(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        String text = text(file);
        if (name.endsWith(".csv")) {
            return new Table(file, csv(file, text));
        }
        if (name.endsWith(".jsonl")) {
            List<Map<String, String>> rows = new ArrayList<>();
            text.lines().filter(line -> !line.isBlank()).forEach(line -> rows.add(row(file, json(file, line))));
            return new Table(file, rows);
        }
        List<Map<String, String>> rows = new ArrayList<>();
        array(file, json(file, text)).forEach(node -> rows.add(row(file, node)));
        return new Table(file, rows);
    }

    /** Content of {@code file} without a byte-order mark. */
    static String text(Path file) {
        try {
            String text = Files.readString(file);
            return text.startsWith("\ufeff") ? text.substring(1) : text;
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be read as UTF-8 text: " + e.getMessage(), e);
        }
    }

    /** Columns of all rows, in order of appearance. */
    Set<String> columns() {
        Map<String, String> columns = new LinkedHashMap<>();
        rows.forEach(columns::putAll);
        return columns.keySet();
    }

    private static List<Map<String, String>> csv(Path file, String text) {
        List<List<String>> records = CsvRecords.parse(text);
        if (records.isEmpty()) {
            return List.of();
        }
        List<String> header = records.getFirst().stream().map(String::strip).toList();
        List<Map<String, String>> rows = new ArrayList<>();
        for (int i = 1; i < records.size(); i++) {
            List<String> values = records.get(i);
            if (values.size() != header.size()) {
                throw new IllegalArgumentException(file + ": record " + (i + 1) + " has " + values.size()
                        + " values; the header has " + header.size());
            }
            Map<String, String> row = new LinkedHashMap<>();
            for (int c = 0; c < header.size(); c++) {
                row.put(header.get(c), values.get(c));
            }
            rows.add(row);
        }
        return rows;
    }

    private static JsonNode json(Path file, String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + ": no JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static JsonNode array(Path file, JsonNode node) {
        JsonNode list = node.isObject() && node.size() == 1 ? node.elements().next() : node;
        if (!list.isArray()) {
            throw new IllegalArgumentException(file + ": needs a JSON array, or an object with a single array");
        }
        return list;
    }

    private static Map<String, String> row(Path file, JsonNode node) {
        Map<String, String> row = new LinkedHashMap<>();
        if (node.isTextual()) {
            row.put("prompt", node.asText());
        } else if (node.isObject()) {
            node.properties().stream()
                    .filter(entry ->
                            entry.getValue().isValueNode() && !entry.getValue().isNull())
                    .forEach(entry -> row.put(entry.getKey(), entry.getValue().asText()));
        } else {
            throw new IllegalArgumentException(file + ": every entry must be an object or a string, not " + node);
        }
        return row;
    }
}
