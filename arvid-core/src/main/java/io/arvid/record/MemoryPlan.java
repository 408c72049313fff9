package io.arvid.record;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a run will hold in memory, worked out before it starts: stages one after the other, each with its parts.
 *
 * @param stages in their order
 */
public record MemoryPlan(List<Stage> stages) {
    private static final double GIB = 1L << 30;

    /**
     * What is held at one time.
     *
     * @param name what the run does then
     * @param parts what it holds then
     */
    public record Stage(String name, List<Part> parts) {
        /** Bytes of all parts. */
        public long bytes() {
            return parts.stream().mapToLong(Part::bytes).sum();
        }
    }

    /**
     * Something held.
     *
     * @param name what it is
     * @param bytes its size
     * @param isMapped true for what lies in a mapped file: it counts as resident, but the operating system may drop it where memory is short
     */
    public record Part(String name, long bytes, boolean isMapped) {}

    /** The most that is held at one time. */
    public long peak() {
        return stages.stream().mapToLong(Stage::bytes).max().orElse(0);
    }

    /**
     * Checks the peak.
     *
     * @param limit bytes, 0 for no limit
     * @param advice what makes it smaller
     * @throws IllegalArgumentException naming the stage that needs more
     */
    public void requireWithin(long limit, String advice) {
        for (Stage stage : stages) {
            if (limit > 0 && stage.bytes() > limit) {
                throw new IllegalArgumentException(String.format(
                        Locale.ROOT,
                        "'%s' needs about %s of memory, more than the %s of --max-memory; %s",
                        stage.name(),
                        text(stage.bytes()),
                        text(limit),
                        advice));
            }
        }
    }

    /** A line a part, the largest stage marked. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (Stage stage : stages) {
            lines.add(String.format(
                    Locale.ROOT,
                    "%-28s %10s%s",
                    stage.name(),
                    text(stage.bytes()),
                    stage.bytes() == peak() ? "  (peak)" : ""));
            for (Part part : stage.parts()) {
                lines.add(String.format(
                        Locale.ROOT,
                        "  %-26s %10s%s",
                        part.name(),
                        text(part.bytes()),
                        part.isMapped() ? "  mapped" : ""));
            }
        }
        return lines;
    }

    /** {@code bytes} in GiB. */
    public static String text(long bytes) {
        return String.format(Locale.ROOT, "%.2f GiB", bytes / GIB);
    }

    /** Bytes that {@code text} names, such as {@code 16G}, {@code 900M} or a plain number of bytes. */
    public static long parse(String text) {
        if (!text.matches("[0-9]+(\\.[0-9]+)?[KMGT]?i?B?")) {
            throw new IllegalArgumentException("'" + text + "' is no size; write 16G or 900M");
        }
        double number = Double.parseDouble(text.replaceAll("[KMGTiB]", ""));
        String unit = text.replaceAll("[0-9.iB]", "");
        int power = unit.isEmpty() ? 0 : "KMGT".indexOf(unit) + 1;
        return Math.round(number * Math.pow(1024, power));
    }
}
