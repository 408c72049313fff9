package io.arvid.report;

import io.arvid.record.Estimate;
import io.arvid.report.figure.Numbers;
import io.arvid.report.figure.Scale;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;

/**
 * How a metric is called and drawn.
 *
 * @param title what readers call it, with its unit
 * @param direction which way it improves
 * @param decimals digits after the point; −1 for three significant digits
 * @param logarithmic true where ratios matter more than differences
 */
record MetricLook(String title, String direction, int decimals, boolean logarithmic) {
    private static final String LOWER = "lower is better";
    private static final String HIGHER = "higher is better";

    private static final Map<String, MetricLook> LOOKS = Map.of(
            "latent-mse", new MetricLook("Latent MSE", LOWER, -1, true),
            "latent-cosine", new MetricLook("Latent cosine similarity", HIGHER, 4, false),
            "psnr", new MetricLook("PSNR, dB", HIGHER, 1, false),
            "ssim", new MetricLook("SSIM", HIGHER, 3, false),
            "lpips-alex", new MetricLook("LPIPS", LOWER, 3, false),
            "fvd", new MetricLook("FVD", LOWER, 1, false),
            "lpips-shapes", new MetricLook("LPIPS-shapes, arvid's small network, not LPIPS", LOWER, -1, false),
            "fvd-shapes", new MetricLook("FVD-shapes, arvid's small network, not FVD", LOWER, -1, false));

    static MetricLook of(String metric) {
        return LOOKS.getOrDefault(metric, new MetricLook(metric, "", -1, false));
    }

    /** A value of this metric. */
    String format(double value) {
        return decimals < 0 ? Numbers.significant(value, 3) : Numbers.fixed(value, decimals);
    }

    /** A scale that all of {@code estimates} fit. */
    Scale scale(List<Estimate> estimates) {
        DoubleStream values = estimates.stream()
                .flatMapToDouble(estimate -> DoubleStream.of(estimate.low(), estimate.mean(), estimate.high()));
        return logarithmic ? Scale.logarithmic(values, 0, 1) : Scale.around(values, 0, 1);
    }
}
