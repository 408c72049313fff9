package io.arvid.report.figure;

import io.arvid.record.ChannelNorms;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;

/** Input-channel norms of one layer, largest first, with the outliers set apart (Q-ARVD, Figure 3). */
public final class NormCurve {
    private static final int HEIGHT = 178;

    private NormCurve() {}

    /** Draws one layer. */
    public static Markup draw(ChannelNorms layer) {
        Plot plot = new Plot("Sorted input-channel norms of " + layer.site(), HEIGHT, 40, 8, 36);
        int channels = layer.norms().size();
        Scale x = new Scale(0, channels, false, plot.left, plot.right);
        Scale y = Scale.fromZero(
                DoubleStream.concat(
                        layer.norms().stream().mapToDouble(Double::doubleValue),
                        DoubleStream.of(1.1 * layer.threshold())),
                plot.bottom,
                plot.top);
        plot.valueAxis(y, 4, Numbers::tick);
        int outliers = layer.outliers();
        if (layer.separated() > 0) {
            double end = x.of(layer.separated());
            plot.draw(Plot.box("shade", plot.left, plot.top, end - plot.left, plot.bottom - plot.top));
        }
        if (outliers > 0) {
            plot.draw(area("area outlier", layer, 0, outliers, x, y));
        }
        plot.draw(area("area", layer, outliers, channels, x, y));
        double threshold = y.of(layer.threshold());
        plot.draw(Plot.line("threshold", plot.left, threshold, plot.right, threshold));
        plot.write("label", plot.right, threshold - 5, "end", "threshold " + Numbers.significant(layer.threshold(), 3));
        if (outliers > 0) {
            plot.write(
                    "label outlier",
                    x.of(layer.separated()) + 6,
                    plot.top + 11,
                    "start",
                    outliers + (outliers == 1 ? " outlier" : " outliers") + ", " + layer.separated() + " set apart");
        }
        plot.write("tick", plot.left, plot.bottom + 16, "start", "1");
        plot.write("tick", plot.right, plot.bottom + 16, "end", String.valueOf(channels));
        plot.caption("input channel, by norm");
        return plot.svg();
    }

    /** The channels {@code begin … end − 1} as steps down to the axis. */
    private static Markup area(String style, ChannelNorms layer, int begin, int end, Scale x, Scale y) {
        List<double[]> outline = new ArrayList<>();
        outline.add(new double[] {x.of(begin), y.of(0)});
        for (int i = begin; i < end; i++) {
            double height = y.of(layer.norms().get(i));
            outline.add(new double[] {x.of(i), height});
            outline.add(new double[] {x.of(i + 1), height});
        }
        outline.add(new double[] {x.of(end), y.of(0)});
        return Markup.of("polygon", style).with("points", Plot.points(outline));
    }
}
