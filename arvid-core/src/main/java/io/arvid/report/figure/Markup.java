package io.arvid.report.figure;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** An element of HTML or SVG. Attributes and text are escaped. */
public final class Markup {
    /** HTML elements that have no end tag. */
    private static final Set<String> VOID = Set.of("meta", "img", "input", "br", "source", "col");

    private final String tag;
    private final Map<String, String> attributes = new LinkedHashMap<>();
    private final List<Object> children = new ArrayList<>();

    private Markup(String tag) {
        this.tag = tag;
    }

    /** An element without attributes. */
    public static Markup of(String tag) {
        return new Markup(tag);
    }

    /** An element of class {@code style}. */
    public static Markup of(String tag, String style) {
        return new Markup(tag).with("class", style);
    }

    /** An element with text in it. */
    public static Markup text(String tag, String style, String text) {
        return of(tag, style).say(text);
    }

    /** Sets an attribute. Fractions are written with two digits. */
    public Markup with(String attribute, Object value) {
        attributes.put(attribute, value instanceof Double number ? coordinate(number) : String.valueOf(value));
        return this;
    }

    /** Adds an element. */
    public Markup add(Markup child) {
        children.add(child);
        return this;
    }

    /** Adds elements. */
    public Markup addAll(List<Markup> more) {
        children.addAll(more);
        return this;
    }

    /** Adds text. */
    public Markup say(String text) {
        children.add(text);
        return this;
    }

    /** What a pointer that rests on this element shows (SVG). */
    public Markup hint(String text) {
        return add(of("title").say(text));
    }

    /** Shortest of the usual ways to write a coordinate. */
    public static String coordinate(double value) {
        String text = String.format(Locale.ROOT, "%.2f", value);
        return text.replaceAll("\\.?0+$", "").replaceAll("^-0$", "0");
    }

    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        write(out);
        return out.toString();
    }

    private void write(StringBuilder out) {
        out.append('<').append(tag);
        attributes.forEach((name, value) ->
                out.append(' ').append(name).append("=\"").append(escape(value)).append('"'));
        out.append('>');
        for (Object child : children) {
            if (child instanceof Markup element) {
                element.write(out);
            } else {
                out.append(escape(child.toString()));
            }
        }
        if (!VOID.contains(tag)) {
            out.append("</").append(tag).append('>');
        }
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
