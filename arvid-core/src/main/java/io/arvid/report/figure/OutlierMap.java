package io.arvid.report.figure;

import io.arvid.record.LayerOutliers;
import java.util.List;
import java.util.function.Predicate;

/**
 * Where outliers are (Q-ARVD, Figure 4): a cell a layer, layer types down and depth across; beside it the share of layers with outliers of each type,
 * below it that of each depth.
 */
public final class OutlierMap {
    private static final int CELL_HEIGHT = 20;
    private static final int HEAD = 26;
    private static final int DEPTH_BARS = 34;
    private static final int SHADES = 5;

    private OutlierMap() {}

    /** Draws the layers that lie in a block. */
    public static Markup draw(List<LayerOutliers> all) {
        List<LayerOutliers> layers =
                all.stream().filter(layer -> layer.block() >= 0).toList();
        List<String> roles = layers.stream().map(LayerOutliers::role).distinct().toList();
        List<Integer> blocks =
                layers.stream().map(LayerOutliers::block).distinct().sorted().toList();
        int mapHeight = CELL_HEIGHT * roles.size();
        Plot plot = new Plot(
                "Layers with outliers by type and depth",
                HEAD + mapHeight + DEPTH_BARS + 44,
                HEAD,
                82,
                78,
                DEPTH_BARS + 44);
        double cell = (plot.right - plot.left) / Math.max(blocks.size(), 1);
        double most = layers.stream().mapToDouble(OutlierMap::share).max().orElse(1);
        for (LayerOutliers layer : layers) {
            drawCell(plot, layer, roles.indexOf(layer.role()), blocks.indexOf(layer.block()), cell, most);
        }
        for (int r = 0; r < roles.size(); r++) {
            String role = roles.get(r);
            double y = plot.top + r * CELL_HEIGHT;
            plot.write("tick", plot.left - 6, y + 14, "end", role);
            drawTypeBar(plot, shareWithOutliers(layers, layer -> layer.role().equals(role)), y);
        }
        plot.write("tick", plot.right + 8, plot.top - 9, "start", "with outliers");
        plot.write("tick", plot.left - 6, plot.bottom + 17, "end", "with outliers");
        for (int b = 0; b < blocks.size(); b++) {
            int block = blocks.get(b);
            drawDepthBar(plot, shareWithOutliers(layers, layer -> layer.block() == block), plot.left + b * cell, cell);
            if (cell >= 14 || b % 5 == 0) {
                plot.write(
                        "tick",
                        plot.left + (b + 0.5) * cell,
                        plot.bottom + DEPTH_BARS + 21,
                        "middle",
                        String.valueOf(block));
            }
        }
        plot.write("tick", (plot.left + plot.right) / 2, plot.bottom + DEPTH_BARS + 38, "middle", "transformer block");
        return plot.svg();
    }

    private static void drawCell(Plot plot, LayerOutliers layer, int row, int column, double width, double most) {
        double share = share(layer);
        int shade = share == 0 ? 0 : 1 + (int) Math.min(SHADES - 1, Math.floor(SHADES * share / most));
        plot.draw(Plot.box(
                        "cell shade" + shade,
                        plot.left + column * width + 0.75,
                        plot.top + row * CELL_HEIGHT + 0.75,
                        width - 1.5,
                        CELL_HEIGHT - 1.5)
                .hint(layer.site() + ": " + layer.outliers() + " of " + layer.channels() + " input channels ("
                        + Numbers.percent(share) + ")"));
    }

    private static void drawTypeBar(Plot plot, double share, double y) {
        double room = Plot.WIDTH - plot.right - 8 - 34;
        plot.draw(Plot.box("bar", plot.right + 8, y + 5, room * share, CELL_HEIGHT - 10));
        plot.write("value", plot.right + 12 + room * share, y + 14, "start", Numbers.percent(share));
    }

    private static void drawDepthBar(Plot plot, double share, double x, double width) {
        double height = DEPTH_BARS * share;
        plot.draw(Plot.box("bar", x + 0.2 * width, plot.bottom + 5, 0.6 * width, height)
                .hint(Numbers.percent(share) + " of the block's layers have outliers"));
    }

    private static double share(LayerOutliers layer) {
        return (double) layer.outliers() / layer.channels();
    }

    private static double shareWithOutliers(List<LayerOutliers> layers, Predicate<LayerOutliers> which) {
        return layers.stream()
                .filter(which)
                .mapToDouble(layer -> layer.outliers() > 0 ? 1 : 0)
                .average()
                .orElse(0);
    }
}
