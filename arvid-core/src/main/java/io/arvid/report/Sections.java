package io.arvid.report;

import io.arvid.report.figure.Markup;
import java.util.List;

/** What all sections are made of. */
final class Sections {
    private Sections() {}

    /** A section with its heading and what it says. */
    static Markup section(String id, String heading, String prose) {
        return Markup.of("section")
                .with("id", id)
                .add(Markup.of("h2").say(heading))
                .add(Markup.text("p", "prose", prose));
    }

    /** A figure under its title. */
    static Markup panel(String title, String note, Markup drawing) {
        Markup caption = Markup.of("figcaption").add(Markup.of("b").say(title));
        if (!note.isEmpty()) {
            caption.say(" ").add(Markup.of("span").say(note));
        }
        return Markup.of("figure", "panel").add(caption).add(drawing);
    }

    /** Figures side by side where there is room. */
    static Markup grid(List<Markup> panels) {
        return Markup.of("div", "grid").addAll(panels);
    }

    /** A table that scrolls by itself where it is too wide. Columns after the first hold numbers. */
    static Markup table(List<String> headings, List<List<Markup>> rows) {
        Markup head = Markup.of("tr");
        headings.forEach(
                heading -> head.add(Markup.of("th").with("scope", "col").say(heading)));
        Markup body = Markup.of("tbody");
        rows.forEach(row -> body.add(Markup.of("tr").addAll(row)));
        return Markup.of("div", "scroll")
                .add(Markup.of("table").add(Markup.of("thead").add(head)).add(body));
    }

    /** A cell with text. */
    static Markup cell(String text) {
        return Markup.of("td").say(text);
    }

    /** A cell with text that stays on one line. */
    static Markup name(String text) {
        return Markup.text("td", "name", text);
    }

    /** A cell with a number. */
    static Markup number(String text) {
        return Markup.text("td", "number", text);
    }

    /** A cell that is filled from the left by {@code share} of its width. */
    static Markup bar(String style, double share) {
        return Markup.of("td", "track")
                .add(Markup.of("span", "fill " + style).with("style", "width:" + Markup.coordinate(100 * share) + "%"));
    }

    /** {@code at w4a8} with a space before it; nothing where no setting has a name. */
    static String at(String setting) {
        return setting.isEmpty() ? "" : " at " + setting;
    }

    /** {@code a, b and c}. */
    static String enumeration(List<String> words) {
        return words.size() < 2
                ? String.join("", words)
                : String.join(", ", words.subList(0, words.size() - 1)) + " and " + words.getLast();
    }
}
