package io.arvid.evaluate;

import io.arvid.record.Estimate;
import io.arvid.record.PairedDifference;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Bootstrap intervals over videos: statistics of the set drawn again with replacement. Two models are compared on the same draws (same prompts, same
 * noise), so what the videos have in common cancels. Where there are {@link VideoGroups}, groups are drawn, each with all its videos; else every video is
 * a group.
 *
 * @param resamples draws; 2,000 and more for means
 * @param level share of the draws inside the interval, such as 0.95
 * @param seed of the draws
 */
public record PairedBootstrap(int resamples, double level, long seed) {
    private static final int MOST_DISTANCE_DRAWS = 200;
    private static final String GENERATOR = "L64X128MixRandom";

    /** Refuses fewer than two draws and levels outside (0, 1). */
    public PairedBootstrap {
        if (resamples < 2 || !(level > 0 && level < 1)) {
            throw new IllegalArgumentException(
                    "a bootstrap needs at least 2 resamples and a level between 0 and 1, not " + resamples + " and "
                            + level);
        }
    }

    /** The same with no more draws than distances of sets are worth: one of a thousand videos takes part of a second. */
    public PairedBootstrap forDistances() {
        return new PairedBootstrap(Math.min(resamples, MOST_DISTANCE_DRAWS), level, seed);
    }

    /** Interval of the mean over videos. */
    public Estimate mean(double[] byVideo) {
        return mean(byVideo, VideoGroups.each(byVideo.length));
    }

    /** Interval of the mean over videos, which are drawn by {@code groups}. */
    public Estimate mean(double[] byVideo, VideoGroups groups) {
        return of(
                groups,
                chosen -> Arrays.stream(chosen)
                        .mapToDouble(i -> byVideo[i])
                        .average()
                        .orElseThrow());
    }

    /** Interval of the mean of {@code candidate − reference}, video by video. */
    public Estimate meanDifference(double[] candidate, double[] reference) {
        return meanDifference(candidate, reference, VideoGroups.each(candidate.length));
    }

    private Estimate meanDifference(double[] candidate, double[] reference, VideoGroups groups) {
        if (candidate.length != reference.length) {
            throw new IllegalArgumentException(
                    "paired differences of " + candidate.length + " and " + reference.length + " videos");
        }
        double[] differences = new double[candidate.length];
        for (int i = 0; i < differences.length; i++) {
            differences[i] = candidate[i] - reference[i];
        }
        return mean(differences, groups);
    }

    /** Interval of the mean of {@code candidate} over the mean of {@code reference}, both on the same draws of videos. */
    public Estimate meanRatio(double[] candidate, double[] reference) {
        return meanRatio(candidate, reference, VideoGroups.each(candidate.length));
    }

    /** The same of videos that are drawn by {@code groups}. */
    public Estimate meanRatio(double[] candidate, double[] reference, VideoGroups groups) {
        if (candidate.length != reference.length) {
            throw new IllegalArgumentException(
                    "a paired ratio of " + candidate.length + " and " + reference.length + " videos");
        }
        return of(groups, chosen -> {
            double sum = 0;
            double otherSum = 0;
            for (int video : chosen) {
                sum += candidate[video];
                otherSum += reference[video];
            }
            return sum / otherSum;
        });
    }

    /** {@code method}'s scores {@code own} against {@code rival}'s scores {@code others} of the same videos, in the same order. */
    public PairedDifference compare(
            String metric, String setting, String method, String rival, double[] own, double[] others) {
        return compare(metric, setting, method, rival, own, others, VideoGroups.each(own.length));
    }

    /** The same of videos that are drawn by {@code groups}, one a prompt. */
    public PairedDifference compare(
            String metric,
            String setting,
            String method,
            String rival,
            double[] own,
            double[] others,
            VideoGroups groups) {
        return new PairedDifference(
                metric,
                setting,
                method,
                rival,
                groups.count(),
                level,
                meanDifference(own, others, groups),
                meanRatio(own, others, groups));
    }

    /**
     * Interval of any statistic of a set of videos.
     *
     * @param videos size of the set, at least 1
     * @param statistic of the videos with the given indices, some more than once
     */
    public Estimate of(int videos, ToDoubleFunction<int[]> statistic) {
        return of(VideoGroups.each(videos), statistic);
    }

    private Estimate of(VideoGroups groups, ToDoubleFunction<int[]> statistic) {
        return interval(estimate(groups, statistic), draws(groups, statistic), 0);
    }

    /**
     * Interval of a statistic that grows or shrinks where videos are drawn twice, such as a Fréchet distance, whose covariances then miss directions:
     * the draws are moved so that their mean is the estimate. The interval is that of the number at this count of videos, which every printed Fréchet
     * distance is; the bias that any finite set has stays in it.
     *
     * @param groups the set, at least 1
     * @param statistic not negative, of the videos with the given indices, some more than once
     */
    public Estimate ofDistance(VideoGroups groups, ToDoubleFunction<int[]> statistic) {
        double estimate = estimate(groups, statistic);
        double[] draws = draws(groups, statistic);
        Estimate moved = interval(estimate, draws, estimate - FrameScores.mean(draws));
        // The distance of a set from itself is zero but for rounding, which may leave it below.
        return new Estimate(estimate, Math.min(estimate, Math.max(0, moved.low())), Math.max(estimate, moved.high()));
    }

    private static double estimate(VideoGroups groups, ToDoubleFunction<int[]> statistic) {
        if (groups.count() < 1) {
            throw new IllegalArgumentException("a bootstrap over no videos");
        }
        int[] all = new int[groups.count()];
        Arrays.setAll(all, i -> i);
        return statistic.applyAsDouble(groups.videos(all));
    }

    private double[] draws(VideoGroups groups, ToDoubleFunction<int[]> statistic) {
        int[] chosen = new int[groups.count()];
        RandomGenerator random = RandomGeneratorFactory.of(GENERATOR).create(seed);
        double[] draws = new double[resamples];
        for (int i = 0; i < resamples; i++) {
            Arrays.setAll(chosen, j -> random.nextInt(chosen.length));
            draws[i] = statistic.applyAsDouble(groups.videos(chosen));
        }
        return draws;
    }

    private Estimate interval(double estimate, double[] draws, double shift) {
        Arrays.sort(draws);
        return new Estimate(
                estimate, quantile(draws, (1 - level) / 2) + shift, quantile(draws, (1 + level) / 2) + shift);
    }

    /** Linear interpolation between the neighbours. */
    private static double quantile(double[] sorted, double share) {
        double at = share * (sorted.length - 1);
        int below = (int) Math.floor(at);
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
