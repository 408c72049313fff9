package io.arvid.evaluate.suite;

import io.arvid.evaluate.FrameComparison;
import io.arvid.evaluate.VideoFeatures;
import io.arvid.evaluate.VideoMetric;
import java.util.function.Function;

/** Scores one video; holds the metric's network until it is closed. */
final class Scorer implements AutoCloseable {
    private final Function<Subject, Scores> score;
    private final AutoCloseable[] networks;

    private Scorer(Function<Subject, Scores> score, AutoCloseable... networks) {
        this.score = score;
        this.networks = networks;
    }

    static Scorer of(Function<Subject, Scores> score, AutoCloseable... networks) {
        return new Scorer(score, networks);
    }

    /** Compares frames. */
    static Scorer ofFrames(FrameComparison metric, AutoCloseable... networks) {
        return of(
                subject -> Scores.perFrame(metric.perFrame(subject.referenceFrames(), subject.frames()), i -> i),
                networks);
    }

    /** Compares latents. */
    static Scorer ofLatents(FrameComparison metric) {
        return of(subject -> Scores.perFrame(metric.perFrame(subject.referenceLatents(), subject.latents()), i -> i));
    }

    /** Scores a video on its own, frame by frame. */
    static Scorer ofVideo(VideoMetric metric, AutoCloseable... networks) {
        return of(subject -> Scores.perFrame(metric.perFrame(subject.frames()), metric::frameOf), networks);
    }

    /** Sums a video and its chunks up in features. */
    static Scorer ofFeatures(VideoFeatures network, EvaluationSettings settings) {
        return of(subject -> ChunkFeatures.of(network, subject.frames(), settings), network);
    }

    Scores of(Subject subject) {
        return score.apply(subject);
    }

    @Override
    public void close() {
        for (AutoCloseable network : networks) {
            try {
                network.close();
            } catch (Exception e) {
                throw new IllegalStateException("a network could not be closed: " + e.getMessage(), e);
            }
        }
    }
}
