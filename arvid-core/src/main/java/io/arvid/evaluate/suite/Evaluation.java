package io.arvid.evaluate.suite;

import io.arvid.evaluate.VideoGroups;
import io.arvid.evaluate.input.Sample;
import io.arvid.record.Comparison;
import io.arvid.record.Findings;
import io.arvid.record.MachineStamp;
import io.arvid.record.Progress;
import io.arvid.record.RunRecord;
import io.arvid.record.SourceStamp;
import io.arvid.record.StageClock;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Scores a set of videos: one video in memory at a time, every metric on it, numbers kept. A video that a metric cannot score is noted and the rest goes
 * on; scores that the cache has are not computed again, so a stopped run goes on where it was.
 */
public final class Evaluation {
    private final EvaluationRequest request;
    private final SourceStamp sources;
    private final StageClock clock;

    /** Prompt by video, of the videos whose prompt is known. */
    private final Map<String, String> prompts = new LinkedHashMap<>();

    private final String began = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();

    /** Failed metrics of a video by reason, by video. */
    private final Map<String, Map<String, List<String>>> failures = new LinkedHashMap<>();

    private Evaluation(EvaluationRequest request, SourceStamp sources, Progress listener) {
        this.request = request;
        this.sources = sources;
        this.clock = new StageClock(listener);
        for (Sample sample : request.samples()) {
            String prompt = sample.prompt();
            if (prompt != null) {
                prompts.put(sample.name(), prompt);
            }
        }
    }

    /**
     * Evaluates.
     *
     * @param command the command line, for the record
     * @param sources the program that does it, for the record
     */
    public static EvaluationResult run(
            EvaluationRequest request, String command, SourceStamp sources, Progress listener) {
        return new Evaluation(request, sources, listener).run(command);
    }

    private EvaluationResult run(String command) {
        Map<String, WeightStamp> weights = stampWeights();
        List<MetricScoring> metrics = request.metrics().stream()
                .map(spec -> new MetricScoring(spec, request, weights))
                .toList();
        try {
            scoreVideos(metrics);
            List<MetricResult> results = summarize(metrics);
            return new EvaluationResult(
                    record(command, metrics, results),
                    request.method(),
                    request.setting(),
                    request.settings(),
                    weights,
                    prompts,
                    results,
                    failureList());
        } finally {
            metrics.forEach(MetricScoring::close);
        }
    }

    /** Missing files end the run here, before any video is read. */
    private Map<String, WeightStamp> stampWeights() {
        request.metrics().stream()
                .flatMap(metric -> metric.slots().stream())
                .filter(WeightSlot::required)
                .forEach(request.files()::file);
        try (Progress.Stage stage = clock.begin("hashing weights", 1)) {
            Map<String, WeightStamp> weights =
                    request.files().stamps(request.metrics().stream().flatMap(metric -> metric.slots().stream()));
            stage.step();
            return weights;
        }
    }

    private void scoreVideos(List<MetricScoring> metrics) {
        try (Progress.Stage stage =
                clock.begin("scoring videos", request.samples().size())) {
            for (Sample sample : request.samples()) {
                try (TensorScope scope = TensorScope.open()) {
                    Subject subject = new Subject(sample, request.settings().expectedFrames());
                    metrics.forEach(metric -> score(metric, subject));
                }
                stage.step();
            }
        }
    }

    private void score(MetricScoring metric, Subject subject) {
        try {
            metric.add(subject);
        } catch (RuntimeException e) {
            failures.computeIfAbsent(subject.sample().name(), name -> new LinkedHashMap<>())
                    .computeIfAbsent(Torch.message(e), reason -> new ArrayList<>())
                    .add(metric.spec().id());
        }
    }

    private List<MetricResult> summarize(List<MetricScoring> metrics) {
        try (Progress.Stage stage = clock.begin("summing up", MetricSummary.steps(metrics))) {
            List<MetricResult> results = new MetricSummary(request.settings(), prompts).of(metrics, stage);
            return results;
        }
    }

    private List<VideoFailure> failureList() {
        List<VideoFailure> list = new ArrayList<>();
        failures.forEach((video, byReason) ->
                byReason.forEach((reason, metrics) -> list.add(new VideoFailure(video, metrics, reason))));
        return list;
    }

    private RunRecord record(String command, List<MetricScoring> metrics, List<MetricResult> results) {
        List<String> names = request.samples().stream()
                .map(Sample::name)
                .filter(name ->
                        metrics.stream().anyMatch(metric -> metric.videos().containsKey(name)))
                .toList();
        Comparison comparison = new Comparison(
                request.method(),
                request.setting(),
                VideoGroups.byPrompt(names, prompts).count(),
                request.settings().confidence(),
                results.stream().map(MetricResult::scores).toList());
        Findings findings =
                new Findings(List.of(), List.of(comparison), List.of(), List.of(), List.of(), List.of(), List.of());
        return new RunRecord(
                command,
                began,
                sources,
                "",
                "",
                List.of(),
                Map.of("bootstrap", request.settings().seed()),
                MachineStamp.here(),
                clock.stages(),
                findings);
    }
}
