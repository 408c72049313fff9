package io.arvid.report.figure;

import io.arvid.record.Estimate;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;

/** A score per chunk: one line a method with the confidence interval as a band, named at its end. */
public final class ChunkLines {
    /** One method's line. */
    public record Series(MethodLook look, List<Estimate> perChunk) {}

    private static final int HEIGHT = 178;

    private ChunkLines() {}

    /** Draws {@code series} over the chunks 1, 2, … on the scale {@code values}, whose coordinates do not matter. */
    public static Markup draw(String description, List<Series> series, Scale values, DoubleFunction<String> format) {
        double labels = Plot.marginFor(series.stream().map(one -> one.look().label()), 66);
        Plot plot = new Plot(description, Plot.heightFor(series.size(), HEIGHT, 36), 46, labels, 36);
        Scale y = values.at(plot.bottom, plot.top);
        int chunks =
                series.stream().mapToInt(one -> one.perChunk().size()).max().orElse(1);
        Scale x = new Scale(0, Math.max(chunks - 1, 1), false, plot.left + 8, plot.right - 8);
        plot.valueAxis(y, 4, Numbers::tick);
        for (int k = 0; k < chunks; k++) {
            plot.write("tick", x.of(k), plot.bottom + 16, "middle", String.valueOf(k + 1));
        }
        plot.caption("chunk");
        for (Series one : series) {
            drawBand(plot, one, x, y);
        }
        for (Series one : series) {
            drawLine(plot, one, x, y, format);
        }
        plot.directLabels(
                plot.right - 1,
                series.stream().map(one -> one.look().style()).toList(),
                series.stream().map(one -> one.look().label()).toList(),
                series.stream()
                        .map(one -> y.of(one.perChunk().getLast().mean()))
                        .toList());
        return plot.svg();
    }

    private static void drawBand(Plot plot, Series series, Scale x, Scale y) {
        List<double[]> outline = new ArrayList<>();
        int chunks = series.perChunk().size();
        for (int k = 0; k < chunks; k++) {
            outline.add(new double[] {x.of(k), y.of(series.perChunk().get(k).high())});
        }
        for (int k = chunks - 1; k >= 0; k--) {
            outline.add(new double[] {x.of(k), y.of(series.perChunk().get(k).low())});
        }
        plot.draw(Markup.of("polygon", "band " + series.look().style()).with("points", Plot.points(outline)));
    }

    private static void drawLine(Plot plot, Series series, Scale x, Scale y, DoubleFunction<String> format) {
        List<double[]> path = new ArrayList<>();
        for (int k = 0; k < series.perChunk().size(); k++) {
            path.add(new double[] {x.of(k), y.of(series.perChunk().get(k).mean())});
        }
        plot.draw(Markup.of("polyline", "line " + series.look().style()).with("points", Plot.points(path)));
        for (int k = 0; k < path.size(); k++) {
            Estimate estimate = series.perChunk().get(k);
            plot.draw(series.look()
                    .point(path.get(k)[0], path.get(k)[1])
                    .hint(series.look().label() + ", chunk " + (k + 1) + ": " + format.apply(estimate.mean()) + " ["
                            + format.apply(estimate.low()) + ", " + format.apply(estimate.high()) + "]"));
        }
    }
}
