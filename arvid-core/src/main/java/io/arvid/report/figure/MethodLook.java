package io.arvid.report.figure;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How a method is called and drawn, the same in every figure. The first twenty methods differ in dash and marker taken together, so that they can be told
 * apart without colour; all shipped methods differ in colour, dash or marker.
 *
 * @param label what readers call it
 * @param style classes of the style sheet that give the colour and, unless lines are solid, the dash
 * @param marker shape of its points
 */
public record MethodLook(String label, String style, Marker marker) {
    /** Id of the model that is compared with. */
    public static final String FULL_PRECISION = "full-precision";

    private static final Map<String, String> LABELS = Map.ofEntries(
            Map.entry(FULL_PRECISION, "Full precision"),
            Map.entry("minmax", "MinMax"),
            Map.entry("q-arvd", "Q-ARVD"),
            Map.entry("adaround", "AdaRound"),
            Map.entry("smoothquant", "SmoothQuant"),
            Map.entry("ptq4dit", "PTQ4DiT"),
            Map.entry("svdquant", "SVDQuant"),
            Map.entry("gptq", "GPTQ"),
            Map.entry("arvid", "arvid"),
            Map.entry("arvid-static", "arvid, static inputs"),
            Map.entry("minmax-pure", "MinMax without search"),
            Map.entry("svdquant-rank4", "SVDQuant, rank 4"),
            Map.entry("rotation-sylvester", "QuaRot"),
            Map.entry("rotation-convrot", "ConvRot"),
            Map.entry("q-arvd-code", "Q-ARVD, as its code"),
            Map.entry("vidit-q", "ViDiT-Q"),
            Map.entry("qvd", "QVD (inferred)"),
            Map.entry("qvgen", "QVGen"));

    /** Methods by their looks. Those that are usually compared with one another come first, so that each has a colour of its own. */
    private static final List<String> ORDER = List.of(
            FULL_PRECISION,
            "q-arvd",
            "minmax",
            "adaround",
            "smoothquant",
            "ptq4dit",
            "svdquant",
            "qvgen",
            "gptq",
            "arvid",
            "rotation-sylvester",
            "vidit-q",
            "qvd",
            "rotation-convrot",
            "arvid-static",
            "minmax-pure",
            "svdquant-rank4",
            "q-arvd-code",
            "q-arvd-full",
            "lsq",
            "lsq-data",
            "efficientdm",
            "q-dm",
            "qvd-table",
            "qvd-uniform",
            "qvgen-plain",
            "qvgen-plain-data",
            "qvgen-data",
            "qvgen-code",
            "qvgen-official",
            "qvgen-dsa",
            "qvgen-early",
            "qvgen-self-forced",
            "qvgen-bidirectional");

    /** Colours {@code m1}, {@code m2}, … of the style sheet; {@code m0} is full precision's alone. */
    private static final int COLORS = 12;

    /** Solid lines, and the dashes {@code d1}, {@code d2}, … of the style sheet. */
    private static final int DASHES = 4;

    /** Shape of a point. */
    public enum Marker {
        DISC,
        SQUARE,
        DIAMOND,
        TRIANGLE,
        CROSS
    }

    /** As many as differ in colour and marker: the numbers of both have no common divisor. */
    private static final int LOOKS = COLORS * Marker.values().length;

    /** The look of the method {@code id}; one that is not shipped has always the same, too. */
    public static MethodLook of(String id) {
        int known = ORDER.indexOf(id);
        int place = known < 0 ? ORDER.size() + Math.floorMod(id.hashCode(), LOOKS - ORDER.size()) : known;
        String color = place == 0 ? "m0" : color(place - 1);
        return new MethodLook(
                LABELS.getOrDefault(id, id),
                dashed(color, Math.floorMod(place - 1, DASHES)),
                Marker.values()[Math.floorMod(place - 1, Marker.values().length)]);
    }

    /** The look of the line of a run of training, the {@code place}-th from 0; dashes begin where colours are used up. */
    public static MethodLook run(String label, int place) {
        return new MethodLook(label, dashed(color(place), place / COLORS % DASHES), Marker.DISC);
    }

    private static String color(int place) {
        return "m" + (1 + place % COLORS);
    }

    private static String dashed(String color, int dash) {
        return dash == 0 ? color : color + " d" + dash;
    }

    /** {@code W4A8} for {@code w4a8}. */
    public static String setting(String id) {
        return id.matches("w\\d+a\\d+") ? id.toUpperCase(Locale.ROOT) : id;
    }

    /** A point of this method. */
    Markup point(double x, double y) {
        double r = 3.4;
        Markup shape = switch (marker) {
            case DISC -> Markup.of("circle").with("cx", x).with("cy", y).with("r", r);
            case SQUARE ->
                Markup.of("rect")
                        .with("x", x - 3)
                        .with("y", y - 3)
                        .with("width", 6)
                        .with("height", 6);
            case DIAMOND ->
                Markup.of("rect")
                        .with("x", x - 2.9)
                        .with("y", y - 2.9)
                        .with("width", 5.8)
                        .with("height", 5.8)
                        .with("transform", "rotate(45 " + Markup.coordinate(x) + " " + Markup.coordinate(y) + ")");
            case TRIANGLE -> path(x, y, "m0-4.4l3.9 7h-7.8z");
            case CROSS -> path(x, y, "m-1.4-4.2h2.8v2.8h2.8v2.8h-2.8v2.8h-2.8v-2.8h-2.8v-2.8h2.8z");
        };
        return shape.with("class", "point " + style);
    }

    /** An outline that begins at (x, y). */
    private static Markup path(double x, double y, String outline) {
        return Markup.of("path").with("d", "M" + Markup.coordinate(x) + " " + Markup.coordinate(y) + outline);
    }
}
