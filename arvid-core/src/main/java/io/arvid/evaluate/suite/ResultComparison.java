package io.arvid.evaluate.suite;

import io.arvid.evaluate.VideoGroups;
import io.arvid.record.Estimate;
import io.arvid.record.MachineStamp;
import io.arvid.record.PairedDifference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Two results held against each other, video by video: both have the same prompts and noise, so what these do to a score cancels. Intervals are over
 * prompts, as the first result knows them; a video of unknown prompt counts as one.
 *
 * @param warnings why the numbers may not be comparable
 * @param differences one a metric that both have; without intervals (all ends equal) for metrics of whole sets, which are compared as they are
 */
public record ResultComparison(List<String> warnings, List<PairedDifference> differences) {
    /** {@code result} less {@code rival}, over the videos that both have. */
    public static ResultComparison of(EvaluationResult result, EvaluationResult rival) {
        List<String> warnings = new ArrayList<>();
        stampWarnings(result, rival, warnings);
        List<PairedDifference> differences = new ArrayList<>();
        for (MetricResult metric : result.metrics()) {
            rival.metric(metric.metric()).ifPresent(other -> {
                difference(result, metric, rival, other).ifPresent(differences::add);
                coverWarning(result, metric, rival, other).ifPresent(warnings::add);
            });
        }
        return new ResultComparison(List.copyOf(warnings), List.copyOf(differences));
    }

    /** What it means for {@code metric} that the results do not cover the same videos. */
    private static Optional<String> coverWarning(
            EvaluationResult result, MetricResult metric, EvaluationResult rival, MetricResult other) {
        boolean ofSet = metric.byVideo().isEmpty() || other.byVideo().isEmpty();
        boolean same = ofSet
                ? metric.videos() == other.videos() && names(result).equals(names(rival))
                : metric.byVideo().keySet().equals(other.byVideo().keySet());
        if (same) {
            return Optional.empty();
        }
        String cover = metric.metric() + ": the results cover different videos (" + metric.videos() + " and "
                + other.videos() + "); ";
        if (ofSet) {
            return Optional.of(
                    cover + "each number is one of its own whole set, so the difference is one of the sets too");
        }
        int shared = shared(metric, other).size();
        return Optional.of(cover
                + (shared > 0
                        ? "only the " + shared + " that both have are compared"
                        : "they have none in common, so nothing is compared"));
    }

    /** Every video that some metric of {@code result} scored one by one. */
    private static Set<String> names(EvaluationResult result) {
        return result.metrics().stream()
                .flatMap(metric -> metric.byVideo().keySet().stream())
                .collect(Collectors.toSet());
    }

    private static void stampWarnings(EvaluationResult a, EvaluationResult b, List<String> warnings) {
        MachineStamp here = a.run().machine();
        MachineStamp there = b.run().machine();
        warn("systems", here.system(), there.system(), warnings);
        warn("processors", here.cpu(), there.cpu(), warnings);
        warn("CPU features", here.cpuFeatures(), there.cpuFeatures(), warnings);
        warn("devices", here.device(), there.device(), warnings);
        for (String part : union(here.versions(), there.versions())) {
            warn(
                    "versions of " + part,
                    here.versions().get(part),
                    there.versions().get(part),
                    warnings);
        }
        warn("sources", a.run().source().brief(), b.run().source().brief(), warnings);
        warn("settings", a.settings(), b.settings(), warnings);
        for (String slot : union(a.weights(), b.weights())) {
            WeightStamp own = a.weights().get(slot);
            WeightStamp other = b.weights().get(slot);
            if (own != null && other != null) {
                warn("weights '" + slot + "'", own.sha256(), other.sha256(), warnings);
            }
        }
    }

    private static TreeSet<String> union(Map<String, ?> a, Map<String, ?> b) {
        TreeSet<String> keys = new TreeSet<>(a.keySet());
        keys.addAll(b.keySet());
        return keys;
    }

    private static void warn(String what, @Nullable Object a, @Nullable Object b, List<String> warnings) {
        if (!Objects.equals(a, b)) {
            warnings.add("different " + what + ": " + a + " and " + b);
        }
    }

    private static Optional<PairedDifference> difference(
            EvaluationResult result, MetricResult metric, EvaluationResult rival, MetricResult other) {
        if (metric.byVideo().isEmpty()) {
            double own = metric.overall().mean();
            double others = other.overall().mean();
            return Optional.of(new PairedDifference(
                    metric.metric(),
                    result.setting(),
                    result.label(),
                    rival.label(),
                    Math.min(prompts(result, metric), prompts(rival, other)),
                    result.settings().confidence(),
                    Estimate.exact(own - others),
                    Estimate.exact(own / others)));
        }
        List<String> shared = shared(metric, other);
        if (shared.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(result.settings()
                .bootstrap()
                .compare(
                        metric.metric(),
                        result.setting(),
                        result.label(),
                        rival.label(),
                        values(metric, shared),
                        values(other, shared),
                        VideoGroups.byPrompt(shared, result.prompts())));
    }

    /** Videos that both have scored. */
    private static List<String> shared(MetricResult metric, MetricResult other) {
        return metric.byVideo().keySet().stream()
                .filter(other.byVideo()::containsKey)
                .toList();
    }

    /** Prompts of a set; its videos where no prompt is known. */
    private static int prompts(EvaluationResult result, MetricResult metric) {
        long known = result.prompts().values().stream().distinct().count();
        return known == 0 ? metric.videos() : (int) Math.min(known, metric.videos());
    }

    private static double[] values(MetricResult metric, List<String> videos) {
        return videos.stream().mapToDouble(metric.byVideo()::get).toArray();
    }
}
