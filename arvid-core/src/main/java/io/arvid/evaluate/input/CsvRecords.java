package io.arvid.evaluate.input;

import java.util.ArrayList;
import java.util.List;

/** Comma-separated values (RFC 4180): quoted values may hold commas, line breaks and doubled quotes. Empty lines are skipped. */
final class CsvRecords {
    private final String text;
    private int at;

    private CsvRecords(String text) {
        this.text = text;
    }

    static List<List<String>> parse(String text) {
        CsvRecords records = new CsvRecords(text);
        List<List<String>> all = new ArrayList<>();
        while (records.at < text.length()) {
            List<String> record = records.record();
            if (record.size() > 1 || !record.getFirst().isEmpty()) {
                all.add(record);
            }
        }
        return all;
    }

    private List<String> record() {
        List<String> values = new ArrayList<>(List.of(value()));
        while (at < text.length() && text.charAt(at) == ',') {
            at++;
            values.add(value());
        }
        skipLineBreak();
        return values;
    }

    private String value() {
        return at < text.length() && text.charAt(at) == '"' ? quoted() + plain() : plain();
    }

    private String plain() {
        int begin = at;
        while (at < text.length() && ",\r\n".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return text.substring(begin, at);
    }

    private String quoted() {
        StringBuilder value = new StringBuilder();
        at++;
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c != '"') {
                value.append(c);
            } else if (at < text.length() && text.charAt(at) == '"') {
                value.append('"');
                at++;
            } else {
                break;
            }
        }
        return value.toString();
    }

    private void skipLineBreak() {
        if (at < text.length() && text.charAt(at) == '\r') {
            at++;
        }
        if (at < text.length() && text.charAt(at) == '\n') {
            at++;
        }
    }
}
