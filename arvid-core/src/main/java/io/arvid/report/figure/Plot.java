package io.arvid.report.figure;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;
import java.util.stream.Stream;

/** The paper of a figure: its size, its margins, its axes and where labels go. */
final class Plot {
    /** Width of every figure, in units that are about a pixel of a telephone. */
    static final int WIDTH = 340;

    private static final double LINE_HEIGHT = 14;
    private static final double LETTER_WIDTH = 6.2;
    private static final double TOP_MARGIN = 10;

    final double left;
    final double right;
    final double top;
    final double bottom;
    private final Markup svg;

    /** A plot of height {@code height} that tells those who cannot see it {@code description}. */
    Plot(String description, int height, double leftMargin, double rightMargin, double bottomMargin) {
        this(description, height, TOP_MARGIN, leftMargin, rightMargin, bottomMargin);
    }

    Plot(String description, int height, double topMargin, double leftMargin, double rightMargin, double bottomMargin) {
        this.left = leftMargin;
        this.right = WIDTH - rightMargin;
        this.top = topMargin;
        this.bottom = height - bottomMargin;
        this.svg = Markup.of("svg")
                .with("viewBox", "0 0 " + WIDTH + " " + height)
                .with("role", "img")
                .with("aria-label", description);
    }

    /** Adds a shape. */
    Plot draw(Markup shape) {
        svg.add(shape);
        return this;
    }

    /** Adds text. {@code anchor} is start, middle or end. */
    Plot write(String style, double x, double y, String anchor, String text) {
        return draw(Markup.of("text", style)
                .with("x", x)
                .with("y", y)
                .with("text-anchor", anchor)
                .say(text));
    }

    /** Horizontal lines at round values, with their values to the left. */
    Plot valueAxis(Scale y, int ticks, DoubleFunction<String> format) {
        for (double tick : y.ticks(ticks)) {
            draw(line("grid", left, y.of(tick), right, y.of(tick)));
            write("tick", left - 6, y.of(tick) + 4, "end", format.apply(tick));
        }
        return this;
    }

    /** What the horizontal direction means, below everything. */
    Plot caption(String text) {
        return write("tick", (left + right) / 2, bottom + 30, "middle", text);
    }

    /** At least {@code height}, and as much as {@link #directLabels} needs for {@code labels} of them. */
    static int heightFor(int labels, int height, double bottomMargin) {
        return (int) Math.max(height, Math.ceil(TOP_MARGIN + labels * LINE_HEIGHT + bottomMargin));
    }

    /** At least {@code margin}, and as much as {@link #directLabels} needs for the longest of {@code labels}, up to two fifths of the width. */
    static double marginFor(Stream<String> labels, double margin) {
        int longest = labels.mapToInt(String::length).max().orElse(0);
        return Math.clamp(8 + longest * LETTER_WIDTH, margin, WIDTH * 0.4);
    }

    /** Labels beside coordinates {@code y}, moved apart where they would overlap. */
    Plot directLabels(double x, List<String> styles, List<String> texts, List<Double> y) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < y.size(); i++) {
            order.add(i);
        }
        order.sort((a, b) -> Double.compare(y.get(a), y.get(b)));
        double previous = Double.NEGATIVE_INFINITY;
        double[] placed = new double[y.size()];
        for (int i : order) {
            placed[i] = Math.max(y.get(i), previous + LINE_HEIGHT);
            previous = placed[i];
        }
        double over = Math.max(0, previous - bottom);
        for (int i : order) {
            write("label " + styles.get(i), x, placed[i] - over + 4, "start", texts.get(i));
        }
        return this;
    }

    static Markup line(String style, double x1, double y1, double x2, double y2) {
        return Markup.of("line", style)
                .with("x1", x1)
                .with("y1", y1)
                .with("x2", x2)
                .with("y2", y2);
    }

    static Markup box(String style, double x, double y, double width, double height) {
        return Markup.of("rect", style)
                .with("x", x)
                .with("y", y)
                .with("width", Math.max(width, 0))
                .with("height", Math.max(height, 0));
    }

    /** {@code x,y x,y …} */
    static String points(List<double[]> points) {
        return String.join(
                " ",
                points.stream()
                        .map(point -> Markup.coordinate(point[0]) + "," + Markup.coordinate(point[1]))
                        .toList());
    }

    Markup svg() {
        return svg;
    }
}
