package io.arvid.evaluate;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * A metric's numbers for each frame of each video, and the official scripts' reductions of them: the mean and population deviation over everything
 * ({@code only_final}), or over the videos at each frame index.
 *
 * @param byVideo one array a video; videos may differ in length
 */
public record FrameScores(List<double[]> byVideo) {
    /** Copies the list. */
    public FrameScores {
        byVideo = List.copyOf(byVideo);
    }

    /** Mean over every frame of every video. */
    public double mean() {
        return mean(all());
    }

    /** Population standard deviation over every frame of every video. */
    public double deviation() {
        return deviation(all());
    }

    /** Mean of each video. */
    public double[] videoMeans() {
        return byVideo.stream().mapToDouble(FrameScores::mean).toArray();
    }

    /** Mean of the videos' means: every video counts the same, whatever its length. */
    public double meanOfVideos() {
        return mean(videoMeans());
    }

    /** At each frame index, the mean over the videos that are long enough. */
    public double[] meanByFrame() {
        return byFrame(FrameScores::mean);
    }

    /** At each frame index, the population standard deviation over the videos that are long enough. */
    public double[] deviationByFrame() {
        return byFrame(FrameScores::deviation);
    }

    private double[] all() {
        return byVideo.stream().flatMapToDouble(Arrays::stream).toArray();
    }

    private double[] byFrame(ToDoubleFunction<double[]> reduce) {
        int frames = byVideo.stream().mapToInt(scores -> scores.length).max().orElse(0);
        double[] reduced = new double[frames];
        for (int t = 0; t < frames; t++) {
            int frame = t;
            reduced[t] = reduce.applyAsDouble(byVideo.stream()
                    .filter(scores -> scores.length > frame)
                    .mapToDouble(scores -> scores[frame])
                    .toArray());
        }
        return reduced;
    }

    static double mean(double[] values) {
        return Arrays.stream(values).average().orElse(Double.NaN);
    }

    static double deviation(double[] values) {
        double mean = mean(values);
        return Math.sqrt(Arrays.stream(values)
                .map(x -> (x - mean) * (x - mean))
                .average()
                .orElse(Double.NaN));
    }
}
