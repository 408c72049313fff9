package io.arvid.report.figure;

import io.arvid.record.Estimate;
import java.util.List;
import java.util.function.DoubleFunction;

/** Estimates with their confidence intervals, one below the other in groups, each with its number beside it. */
public final class IntervalRows {
    /** One estimate. */
    public record Row(MethodLook look, Estimate estimate) {}

    /** Rows under a heading. */
    public record Group(String heading, List<Row> rows) {}

    private static final double ROW_HEIGHT = 19;
    private static final double GROUP_GAP = 10;

    private IntervalRows() {}

    /** Draws {@code groups} on the scale {@code values}, whose coordinates do not matter. */
    public static Markup draw(String description, List<Group> groups, Scale values, DoubleFunction<String> format) {
        int rows = groups.stream().mapToInt(group -> group.rows().size()).sum();
        int height = (int) Math.ceil(10 + rows * ROW_HEIGHT + (groups.size() - 1) * GROUP_GAP + 24);
        Plot plot = new Plot(description, height, 112, 62, 22);
        Scale x = values.at(plot.left, plot.right);
        for (double tick : x.ticks(3)) {
            plot.draw(Plot.line("grid", x.of(tick), plot.top, x.of(tick), plot.bottom));
            plot.write("tick", x.of(tick), plot.bottom + 15, "middle", Numbers.tick(tick));
        }
        double y = plot.top + ROW_HEIGHT / 2;
        for (Group group : groups) {
            plot.write("label strong", 0, y + 4, "start", group.heading());
            for (Row row : group.rows()) {
                drawRow(plot, row, x, y, format);
                y += ROW_HEIGHT;
            }
            y += GROUP_GAP;
        }
        return plot.svg();
    }

    private static void drawRow(Plot plot, Row row, Scale x, double y, DoubleFunction<String> format) {
        Estimate estimate = row.estimate();
        String style = row.look().style();
        plot.write("label " + style, plot.left - 8, y + 4, "end", row.look().label());
        plot.draw(Plot.line("whisker " + style, x.of(estimate.low()), y, x.of(estimate.high()), y));
        plot.draw(row.look()
                .point(x.of(estimate.mean()), y)
                .hint(format.apply(estimate.mean()) + " [" + format.apply(estimate.low()) + ", "
                        + format.apply(estimate.high()) + "]"));
        plot.write("value", plot.right + 8, y + 4, "start", format.apply(estimate.mean()));
    }
}
