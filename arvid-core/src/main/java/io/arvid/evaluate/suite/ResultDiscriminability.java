package io.arvid.evaluate.suite;

import io.arvid.evaluate.DiscriminabilityScore;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How well each metric tells the models of several results apart.
 *
 * @param scores by metric
 * @param notes why metrics were left out, and what entries are missing
 */
public record ResultDiscriminability(Map<String, DiscriminabilityScore> scores, List<String> notes) {
    private static final Pattern SETTING = Pattern.compile("w(\\d+)a(\\d+)");

    /**
     * Scores every metric that all quantized results have. Full precision is the result whose method is {@code full-precision}; a metric against a
     * reference does without it, since full precision is the reference.
     */
    public static ResultDiscriminability of(List<EvaluationResult> results) {
        Optional<EvaluationResult> full =
                results.stream().filter(ResultDiscriminability::isFull).findFirst();
        Map<String, List<EvaluationResult>> byMethod = new LinkedHashMap<>();
        results.stream()
                .filter(result -> !isFull(result))
                .sorted(Comparator.comparing((EvaluationResult result) -> bits(result))
                        .reversed())
                .forEach(result -> byMethod.computeIfAbsent(result.method(), method -> new ArrayList<>())
                        .add(result));
        if (byMethod.isEmpty()) {
            throw new IllegalArgumentException("there is no result of a quantized model");
        }
        requireDistinct(byMethod);
        Map<String, DiscriminabilityScore> scores = new LinkedHashMap<>();
        List<String> notes = new ArrayList<>(missingEntries(byMethod));
        for (MetricResult metric :
                byMethod.values().iterator().next().getFirst().metrics()) {
            score(metric, full, byMethod, scores, notes);
        }
        return new ResultDiscriminability(scores, notes);
    }

    /** Methods that lack a setting which another has: their order is one of fewer bit widths. */
    private static List<String> missingEntries(Map<String, List<EvaluationResult>> byMethod) {
        Set<String> settings = new LinkedHashSet<>();
        for (List<EvaluationResult> results : byMethod.values()) {
            results.forEach(result -> settings.add(result.setting()));
        }
        List<String> notes = new ArrayList<>();
        byMethod.forEach((method, results) -> {
            Set<String> missing = new LinkedHashSet<>(settings);
            results.forEach(result -> missing.remove(result.setting()));
            if (!missing.isEmpty()) {
                notes.add(method + ": no result at " + String.join(", ", missing));
            }
        });
        return notes;
    }

    private static void score(
            MetricResult metric,
            Optional<EvaluationResult> full,
            Map<String, List<EvaluationResult>> byMethod,
            Map<String, DiscriminabilityScore> scores,
            List<String> notes) {
        String id = metric.metric();
        Double best = metric.identical() != null
                ? metric.identical()
                : full.flatMap(result -> result.metric(id))
                        .map(result -> result.overall().mean())
                        .orElse(null);
        if (best == null) {
            notes.add(id + ": left out, no result of method '" + EvaluationRequest.FULL_PRECISION + "' has it");
            return;
        }
        Map<String, List<Double>> values = new LinkedHashMap<>();
        for (Map.Entry<String, List<EvaluationResult>> entry : byMethod.entrySet()) {
            List<Double> ofMethod = new ArrayList<>();
            for (EvaluationResult result : entry.getValue()) {
                Optional<MetricResult> found = result.metric(id);
                if (found.isEmpty()) {
                    notes.add(id + ": left out, " + result.label() + " lacks it");
                    return;
                }
                ofMethod.add(found.get().overall().mean());
            }
            values.put(entry.getKey(), ofMethod);
        }
        scores.put(id, DiscriminabilityScore.of(metric.direction(), best, values));
    }

    private static boolean isFull(EvaluationResult result) {
        return result.method().equals(EvaluationRequest.FULL_PRECISION);
    }

    /** Sum of the bit widths, weights' before inputs' where sums are equal: w8a8, w4a8, w4a6. */
    private static int bits(EvaluationResult result) {
        Matcher setting = SETTING.matcher(result.setting());
        if (!setting.matches()) {
            throw new IllegalArgumentException("a result of method '" + result.method() + "' has the setting '"
                    + result.setting() + "'; bit widths such as w4a8 are needed (--setting)");
        }
        int weights = Integer.parseInt(setting.group(1));
        return 1000 * (weights + Integer.parseInt(setting.group(2))) + weights;
    }

    private static void requireDistinct(Map<String, List<EvaluationResult>> byMethod) {
        Set<String> labels = new LinkedHashSet<>();
        byMethod.values().stream().flatMap(List::stream).forEach(result -> {
            if (!labels.add(result.label())) {
                throw new IllegalArgumentException("two results are labelled '" + result.label() + "'");
            }
        });
    }
}
