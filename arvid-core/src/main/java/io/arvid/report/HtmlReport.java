package io.arvid.report;

import io.arvid.record.Findings;
import io.arvid.report.figure.Markup;
import io.arvid.weights.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One HTML file that shows what runs found and loads nothing else: videos, pictures, figures, style and script are all inside.
 *
 * <p>A section appears where the runs found what it shows. Findings of several runs stand together; each run keeps its own costs and origin.
 */
public final class HtmlReport {
    private HtmlReport() {}

    /** Writes the report of {@code runs} to {@code file}. */
    public static void write(Path file, List<RunFolder> runs) {
        AtomicFile.write(file, page(runs));
    }

    /** The page as text. */
    static String page(List<RunFolder> runs) {
        if (runs.isEmpty()) {
            throw new IllegalArgumentException("a report needs at least one run");
        }
        Findings found = runs.stream().map(run -> run.record().findings()).reduce(Findings.NONE, Findings::and);
        String style = resource("report.css");
        String script = resource("report.js");
        Markup main = Markup.of("main").addAll(sections(runs, found));
        String title = Masthead.title(runs);
        return """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                %s
                <style>
                %s</style>
                </head>
                <body>
                %s
                %s
                <script>
                %s</script>
                </body>
                </html>
                """.formatted(Markup.of("title").say(title), style, Masthead.draw(title, runs, found), main, script);
    }

    private static List<Markup> sections(List<RunFolder> runs, Findings found) {
        List<Markup> sections = new ArrayList<>();
        VideoSection.draw(runs).ifPresent(sections::add);
        QualitySection.draw(found).ifPresent(sections::add);
        TableSection.draw(found).ifPresent(sections::add);
        SensitivitySection.draw(found).ifPresent(sections::add);
        OutlierSection.draw(found).ifPresent(sections::add);
        SizeSection.draw(found).ifPresent(sections::add);
        sections.add(CostSection.draw(runs));
        sections.add(OriginSection.draw(runs));
        return sections;
    }

    static String resource(String name) {
        try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is missing beside " + HtmlReport.class.getName());
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(name + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
