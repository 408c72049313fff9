package io.arvid.report.figure;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Numbers along the steps of training, one line a run, named at its end. Long runs are drawn by the means of equal stretches. */
public final class StepLines {
    /**
     * A line.
     *
     * @param look how the run is called and drawn
     * @param steps where, ascending
     * @param values what
     */
    public record Series(MethodLook look, double[] steps, double[] values) {}

    private static final int HEIGHT = 178;
    private static final int POINTS = 200;

    private StepLines() {}

    /** Draws {@code series}; {@code logarithmic} for equal ratios at equal distances. */
    public static Markup draw(String description, List<Series> series, boolean logarithmic) {
        List<Series> thinned = series.stream().map(StepLines::thinned).toList();
        boolean named = thinned.size() > 1;
        double labels =
                named ? Plot.marginFor(series.stream().map(one -> one.look().label()), 84) : 10;
        Plot plot = new Plot(description, Plot.heightFor(series.size(), HEIGHT, 36), 52, labels, 36);
        double[] values = thinned.stream()
                .flatMapToDouble(one -> Arrays.stream(one.values()))
                .toArray();
        Scale y = logarithmic
                ? Scale.logarithmic(Arrays.stream(values), plot.bottom, plot.top)
                : Scale.fromZero(Arrays.stream(values), plot.bottom, plot.top);
        double last = thinned.stream()
                .mapToDouble(one -> one.steps().length == 0 ? 1 : one.steps()[one.steps().length - 1])
                .max()
                .orElse(1);
        Scale x = new Scale(0, last, false, plot.left, plot.right);
        plot.valueAxis(y, 4, Numbers::tick);
        for (double tick : x.ticks(4)) {
            plot.write("tick", x.of(tick), plot.bottom + 16, "middle", Numbers.tick(tick));
        }
        plot.caption("step");
        for (Series one : thinned) {
            List<double[]> path = new ArrayList<>();
            for (int i = 0; i < one.values().length; i++) {
                path.add(new double[] {x.of(one.steps()[i]), y.of(one.values()[i])});
            }
            plot.draw(Markup.of("polyline", "line " + one.look().style()).with("points", Plot.points(path)));
        }
        if (named) {
            List<Series> ended =
                    thinned.stream().filter(one -> one.values().length > 0).toList();
            plot.directLabels(
                    plot.right + 4,
                    ended.stream().map(one -> one.look().style()).toList(),
                    ended.stream().map(one -> one.look().label()).toList(),
                    ended.stream()
                            .map(one -> y.of(one.values()[one.values().length - 1]))
                            .toList());
        }
        return plot.svg();
    }

    private static Series thinned(Series series) {
        int count = series.values().length;
        if (count <= POINTS) {
            return series;
        }
        double[] steps = new double[POINTS];
        double[] values = new double[POINTS];
        for (int point = 0; point < POINTS; point++) {
            int from = (int) ((long) point * count / POINTS);
            int to = (int) ((long) (point + 1) * count / POINTS);
            for (int i = from; i < to; i++) {
                steps[point] += series.steps()[i] / (to - from);
                values[point] += series.values()[i] / (to - from);
            }
        }
        return new Series(series.look(), steps, values);
    }
}
