package io.arvid.report.figure;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How a method is called and drawn, the same in every figure. Colour, dash and marker all tell methods apart, so that each alone suffices.
 *
 * @param label what readers call it
 * @param style class of the style sheet that gives the colour
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

    /** Methods with a colour of their own; the others share what the list ends with. */
    private static final List<String> ORDER = List.of(
            FULL_PRECISION, "q-arvd", "minmax", "adaround", "smoothquant", "ptq4dit", "svdquant", "qvgen", "gptq");

    /** Shape of a point. */
    public enum Marker {
        DISC,
        SQUARE,
        DIAMOND
    }

    /** The look of the method {@code id}. */
    public static MethodLook of(String id) {
        int place = ORDER.indexOf(id);
        return new MethodLook(
                LABELS.getOrDefault(id, id),
                "m" + (place < 0 ? ORDER.size() : place),
                Marker.values()[Math.floorMod(place - 1, Marker.values().length)]);
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
        };
        return shape.with("class", "point " + style);
    }
}
