package io.arvid.evaluate.suite;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One metric while the videos pass: loads its network when the first score is not in the cache, and gathers numbers only. */
final class MetricScoring implements AutoCloseable {
    private final MetricSpec spec;
    private final EvaluationRequest request;
    private final ScoreCache cache;
    private final String weightsKey;
    private final Map<String, Scores> videos = new LinkedHashMap<>();
    private final Map<String, Scores> references = new LinkedHashMap<>();
    private @Nullable Scorer scorer;

    MetricScoring(MetricSpec spec, EvaluationRequest request, Map<String, WeightStamp> weights) {
        this.spec = spec;
        this.request = request;
        this.cache = new ScoreCache(request.cache());
        this.weightsKey = spec.slots().stream()
                .map(slot -> weights.containsKey(slot.name())
                        ? slot.name() + " " + weights.get(slot.name()).sha256()
                        : slot.name())
                .collect(Collectors.joining("\n"));
    }

    MetricSpec spec() {
        return spec;
    }

    /** Numbers by video's name, in the order in which they were scored. */
    Map<String, Scores> videos() {
        return videos;
    }

    /** Features of the references, for metrics of sets; else empty. */
    Map<String, Scores> references() {
        return references;
    }

    /** Scores {@code subject}; a failure leaves nothing of it behind. */
    void add(Subject subject) {
        String name = subject.sample().name();
        Scores scores = score(subject);
        if (spec.input() == MetricInput.FEATURES) {
            Scores reference = score(subject.reference());
            ChunkFeatures.requirePair(scores, reference);
            references.put(name, reference);
        }
        videos.put(name, scores);
    }

    private Scores score(Subject subject) {
        String key = String.join(
                "\n",
                "revision " + MetricSpec.REVISION,
                "frames a second " + request.settings().framesPerSecond() + chunks() + length(),
                weightsKey,
                subject.contentHash(spec.input()));
        return finite(cache.get(spec.id(), key, () -> loaded().of(subject)));
    }

    /** Refuses scores that are no numbers, so that the video is named and the others keep theirs. */
    private static Scores finite(Scores scores) {
        for (double value : scores.values()) {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException("a score is " + value);
            }
        }
        return scores;
    }

    /** Features are those of chunks as well; other numbers do not depend on where chunks begin. */
    private String chunks() {
        EvaluationSettings settings = request.settings();
        return spec.input() == MetricInput.FEATURES
                ? ", chunks of " + settings.chunkLatentFrames() + " by " + settings.stride()
                : "";
    }

    /** Scores that were kept where any length was right do not count where one is demanded. */
    private String length() {
        int frames = request.settings().expectedFrames();
        return frames == 0 || spec.input() == MetricInput.LATENT_PAIR ? "" : ", " + frames + " frames";
    }

    private Scorer loaded() {
        if (scorer == null) {
            scorer = spec.builder().build(request.files(), request.settings());
        }
        return scorer;
    }

    @Override
    public void close() {
        if (scorer != null) {
            scorer.close();
        }
    }
}
