package io.arvid.run.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.record.MachineStamp;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.onednn.Onednn;
import io.arvid.weights.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * A finished benchmark.
 *
 * @param command what was asked for
 * @param machine where it ran
 * @param threads threads of one operation
 * @param rounds timed runs of each contestant
 * @param ceilings what the machine does at best
 * @param rows the measurements
 */
public record BenchReport(
        @JsonProperty("command") String command,
        @JsonProperty("machine") MachineStamp machine,
        @JsonProperty("threads") int threads,
        @JsonProperty("rounds") BenchSettings.Rounds rounds,
        @JsonProperty("ceilings") Ceilings ceilings,
        @JsonProperty("rows") List<BenchRow> rows) {
    private static final String CLOCK =
            "Median (fastest … slowest) wall time, and median processor time of all threads, of runs by turns in one"
                    + " process, after warm-up. The clock"
                    + " covers rounding of inputs, products, corrections and output; not the making of weights.";

    /** Writes {@code bench.md}, {@code bench.csv} and {@code bench.json} into {@code folder}. */
    public void write(Path folder) {
        try {
            write(folder.resolve("bench.md"), markdown());
            write(folder.resolve("bench.csv"), csv());
            write(
                    folder.resolve("bench.json"),
                    JsonMapper.builder()
                            .enable(SerializationFeature.INDENT_OUTPUT)
                            .build()
                            .writeValueAsString(this));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the benchmark: " + e.getMessage(), e);
        }
    }

    private static void write(Path file, String text) {
        AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Tables for people, one a group. */
    public String markdown() {
        StringBuilder text = new StringBuilder();
        line(
                text,
                "`%s`, %d threads, %d timed runs of a layer and %d of anything longer, %s.",
                command,
                threads,
                rounds.layers(),
                rounds.longer(),
                machine.cpu());
        line(text, "");
        line(text, CLOCK);
        line(text, "");
        line(
                text,
                "Ceilings: bf16 products %.0f GF/s, int8 products %.0f GF/s, copying %.1f GB/s.",
                ceilings.bf16Gigaflops(),
                ceilings.int8Gigaflops(),
                ceilings.copyGigabytes());
        if (!Onednn.isFast(DTypes.BF16)) {
            line(text, "This processor has no products of bfloat16: they are computed in float32 and rounded.");
        }
        String group = "";
        for (BenchRow row : rows) {
            if (!row.group().equals(group)) {
                group = row.group();
                line(text, "");
                line(text, "| %s | arithmetic | ms | processor ms | GF/s | of ceiling | speed-up | MB | |", group);
                line(text, "|---|---|---|---|---|---|---|---|---|");
            }
            line(
                    text,
                    "| %s | %s | %s | %s | %s | %s | %s | %s | %s |",
                    row.what(),
                    row.arithmetic(),
                    times(row),
                    cell("%.2f", row.processor()),
                    cell("%.0f", row.gigaflops()),
                    cell("%.2f", row.shareOfCeiling()),
                    cell("%.2f", row.speedup()),
                    cell("%.1f", row.bytes() / 1e6),
                    row.note());
        }
        return text.toString();
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    private static String times(BenchRow row) {
        if (row.millis() == 0) {
            return "";
        }
        String median = String.format(Locale.ROOT, "%.2f", row.millis());
        return row.fastest() == 0
                ? median
                : median + String.format(Locale.ROOT, " (%.2f … %.2f)", row.fastest(), row.slowest());
    }

    private static String cell(String format, double value) {
        return value == 0 ? "" : String.format(Locale.ROOT, format, value);
    }

    private String csv() {
        StringBuilder text = new StringBuilder(
                "group,what,arithmetic,millis,fastest,slowest,processor_millis,gigaflops,share_of_ceiling,speedup,bytes,note\n");
        for (BenchRow row : rows) {
            line(
                    text,
                    "%s,\"%s\",\"%s\",%.4f,%.4f,%.4f,%.4f,%.2f,%.4f,%.4f,%d,\"%s\"",
                    row.group(),
                    row.what(),
                    row.arithmetic(),
                    row.millis(),
                    row.fastest(),
                    row.slowest(),
                    row.processor(),
                    row.gigaflops(),
                    row.shareOfCeiling(),
                    row.speedup(),
                    row.bytes(),
                    row.note());
        }
        return text.toString();
    }
}
