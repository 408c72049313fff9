package io.arvid.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.evaluate.PairedBootstrap;
import io.arvid.evaluate.suite.EvaluationSettings;
import io.arvid.record.Estimate;
import io.arvid.record.FindingTable;
import io.arvid.record.TrainingLog;
import io.arvid.record.TrainingStep;
import io.arvid.report.TrainingPage;
import io.arvid.weights.AtomicFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The tables and charts of a comparison, written again whenever more is known. */
public final class QatReport {
    private static final PairedBootstrap BOOTSTRAP = new PairedBootstrap(
            EvaluationSettings.DEFAULT.resamples(),
            EvaluationSettings.DEFAULT.confidence(),
            EvaluationSettings.DEFAULT.seed());

    /**
     * 0.975 quantiles of Student's t with 1, 2, … 10 degrees of freedom (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2). The last one serves
     * for more, too: it is a little too wide for them.
     */
    private static final double[] STUDENT = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228};

    private final Path run;
    private final Function<String, Path> logs;

    /**
     * A report in {@code run}.
     *
     * @param logs where the log of a training is, by the name of its score
     */
    public QatReport(Path run, Function<String, Path> logs) {
        this.run = run;
        this.logs = logs;
    }

    /**
     * Writes {@code comparison.html} and {@code comparison.json}; returns the tables.
     *
     * @param scores of every method, one a seed, in the order of the tables
     * @param working what is being worked on, or null where all is done; the page loads itself again as long as it is not
     */
    public List<FindingTable> write(Map<String, List<QatScore>> scores, @Nullable String working) {
        LinkedHashMap<String, List<List<TrainingStep>>> trained = new LinkedHashMap<>();
        scores.forEach((name, ofName) -> {
            if (ofName.getFirst().trained()) {
                trained.put(
                        name, ofName.stream().map(score -> log(score.name())).toList());
            }
        });
        LinkedHashMap<String, List<TrainingStep>> runs = new LinkedHashMap<>();
        trained.forEach((name, ofName) -> runs.put(name, mean(ofName)));
        boolean scored = scores.values().stream()
                .flatMap(List::stream)
                .anyMatch(one -> one.name().equals(working));
        if (working != null && !scored) {
            runs.put(working, log(working));
        }
        runs.values().removeIf(List::isEmpty);
        Map<String, String> settings = new LinkedHashMap<>();
        scores.forEach((name, ofName) -> settings.put(name, ofName.getFirst().setting()));
        List<FindingTable> tables = List.of(quality(scores), gradients(trained), LossRatios.table(settings, trained));
        TrainingPage.write(
                run.resolve("comparison.html"), "Trained and calibrated quantization", runs, tables, working != null);
        try {
            AtomicFile.write(run.resolve("comparison.json"), new JsonMapper().writeValueAsString(tables) + "\n");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the tables are no JSON: " + e.getOriginalMessage(), e);
        }
        return tables;
    }

    /** Steps of a training; none where its state was removed. */
    private List<TrainingStep> log(String name) {
        Path file = logs.apply(name);
        return Files.exists(file) ? TrainingLog.read(file) : List.of();
    }

    /** Distances to full precision, and those of the latents less those of the first trained method, seed by seed and prompt by prompt. */
    static FindingTable quality(Map<String, List<QatScore>> scores) {
        String reference = scores.entrySet().stream()
                .filter(entry -> entry.getValue().getFirst().trained())
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse("");
        int prompts =
                scores.values().iterator().next().getFirst().latentErrors().size();
        List<List<String>> rows = new ArrayList<>();
        scores.forEach((name, ofName) -> {
            List<String> row = new ArrayList<>(List.of(
                    name,
                    ofName.getFirst().setting(),
                    String.valueOf(ofName.size()),
                    String.format("%.1f", ofName.getFirst().bytes() / 1e6),
                    figure(ofName, QatScore::latentErrors, 1, "%.4f")));
            boolean apart = reference.isEmpty()
                    || name.equals(reference)
                    || ofName.getFirst().setting().equals("bf16");
            row.addAll(apart ? List.of("", "") : paired(ofName, scores.get(reference)));
            row.addAll(List.of(
                    figure(ofName, QatScore::psnr, 1, "%.2f"),
                    figure(ofName, QatScore::words, 100, "%.1f"),
                    figure(ofName, QatScore::allRight, 100, "%.0f"),
                    String.format(
                            "%.0f",
                            ofName.stream()
                                    .mapToDouble(QatScore::seconds)
                                    .average()
                                    .orElse(0))));
            rows.add(row);
        });
        return new FindingTable(
                "quality",
                "Distance to full precision",
                prompts
                        + " held-out prompts, the same noise for all; MB are of the transformer; ± is the deviation between seeds."
                        + (reference.isEmpty()
                                ? ""
                                : " Differences are from the latent MSE of " + reference
                                        + ", prompt by prompt on the same seed, with an interval of 95 %: Student's t over"
                                        + " seeds and a bootstrap over prompts, added as squares (one seed: says nothing of"
                                        + " training noise); won are prompts with the smaller MSE over all seeds."),
                List.of(
                        "method",
                        "bits",
                        "seeds",
                        "MB",
                        "latent MSE",
                        "difference",
                        "prompts won",
                        "PSNR, dB",
                        "words right, %",
                        "all right, %",
                        "seconds"),
                rows);
    }

    private static List<String> paired(List<QatScore> candidate, List<QatScore> reference) {
        double[][] differences = differences(candidate, reference);
        Estimate interval = interval(differences);
        int prompts = differences[0].length;
        long won = IntStream.range(0, prompts)
                .mapToDouble(prompt -> Arrays.stream(differences)
                        .mapToDouble(ofSeed -> ofSeed[prompt])
                        .sum())
                .filter(sum -> sum < 0)
                .count();
        return List.of(
                String.format("%+.4f (%+.4f … %+.4f)", interval.mean(), interval.low(), interval.high())
                        + (differences.length == 1 ? ", one seed" : ""),
                won + " of " + prompts);
    }

    /** Differences of the latent errors, a row a seed; what was not trained has one score for all seeds of the reference. */
    private static double[][] differences(List<QatScore> candidate, List<QatScore> reference) {
        boolean trained = candidate.getFirst().trained();
        int seeds = trained ? Math.min(candidate.size(), reference.size()) : reference.size();
        double[][] differences = new double[seeds][];
        for (int seed = 0; seed < seeds; seed++) {
            List<Double> own = candidate.get(trained ? seed : 0).latentErrors();
            List<Double> other = reference.get(seed).latentErrors();
            differences[seed] = IntStream.range(0, own.size())
                    .mapToDouble(prompt -> own.get(prompt) - other.get(prompt))
                    .toArray();
        }
        return differences;
    }

    /**
     * The mean difference: Student's t over seeds, a bootstrap over prompts, which are the same for every seed. Both are independent, so their distances
     * from the mean add up as squares. A bootstrap over two or three seeds would end at the smallest and the largest of them, far too narrow for 95 %.
     */
    private static Estimate interval(double[][] differences) {
        int seeds = differences.length;
        Estimate overPrompts = BOOTSTRAP.mean(IntStream.range(0, differences[0].length)
                .mapToDouble(prompt -> Arrays.stream(differences)
                        .mapToDouble(ofSeed -> ofSeed[prompt])
                        .average()
                        .orElseThrow())
                .toArray());
        double deviation = QatScore.meanAndDeviation(Arrays.stream(differences)
                .mapToDouble(ofSeed -> Arrays.stream(ofSeed).average().orElseThrow())
                .toArray())[1];
        double overSeeds =
                seeds < 2 ? 0 : STUDENT[Math.min(seeds - 2, STUDENT.length - 1)] * deviation / Math.sqrt(seeds);
        double mean = overPrompts.mean();
        return new Estimate(
                mean,
                mean - Math.hypot(overSeeds, mean - overPrompts.low()),
                mean + Math.hypot(overSeeds, overPrompts.high() - mean));
    }

    private static FindingTable gradients(SequencedMap<String, List<List<TrainingStep>>> trained) {
        List<List<String>> rows = new ArrayList<>();
        trained.forEach((name, logs) -> rows.add(List.of(
                name,
                figure(logs, 0.2, TrainingStep::gradientNorm),
                figure(logs, 0.2, QatReport::normOfWeights),
                figure(logs, 1, TrainingStep::gradientNorm),
                figure(logs, 1, QatReport::normOfWeights))));
        return new FindingTable(
                "gradients",
                "Gradient norms",
                "Mean norm before clipping, over the first fifth of training and over all of it. Only that of the weights is of the"
                        + " same parameters in every recipe: that of all holds auxiliary modules and learned clipping where"
                        + " there are any. ± is the deviation between seeds.",
                List.of("recipe", "first fifth", "first fifth, weights", "whole run", "whole run, weights"),
                rows);
    }

    private static double normOfWeights(TrainingStep step) {
        return step.groupNorms().getOrDefault("weights", 0.0);
    }

    private static String figure(
            List<QatScore> scores, Function<QatScore, List<Double>> metric, double unit, String format) {
        return figure(
                scores.stream()
                        .mapToDouble(score -> unit * QatScore.mean(metric.apply(score)))
                        .toArray(),
                format);
    }

    /** The mean of numbers, one a seed, and their deviation where there are several; empty where there are none. */
    private static String figure(double[] bySeed, String format) {
        double[] figures = QatScore.meanAndDeviation(bySeed);
        return switch (bySeed.length) {
            case 0 -> "";
            case 1 -> String.format(format, figures[0]);
            default -> String.format(format + " ± " + format.replace("+", ""), figures[0], figures[1]);
        };
    }

    private static String figure(List<List<TrainingStep>> logs, double share, ToDoubleFunction<TrainingStep> value) {
        return figure(
                logs.stream()
                        .filter(log -> !log.isEmpty())
                        .mapToDouble(log -> log.stream()
                                .limit(Math.max(1, Math.round(share * log.size())))
                                .mapToDouble(value)
                                .average()
                                .orElseThrow())
                        .toArray(),
                "%.3f");
    }

    /** The mean of several runs of one recipe, step by step; runs without a log do not count. */
    private static List<TrainingStep> mean(List<List<TrainingStep>> all) {
        List<List<TrainingStep>> logs =
                all.stream().filter(log -> !log.isEmpty()).toList();
        List<TrainingStep> mean = new ArrayList<>();
        int length = logs.stream().mapToInt(List::size).min().orElse(0);
        for (int i = 0; i < length; i++) {
            int at = i;
            TrainingStep first = logs.getFirst().get(i);
            Map<String, Double> norms = new LinkedHashMap<>();
            first.groupNorms()
                    .keySet()
                    .forEach(group -> norms.put(
                            group, mean(logs, at, step -> step.groupNorms().get(group))));
            mean.add(new TrainingStep(
                    first.step(),
                    first.totalSteps(),
                    mean(logs, at, TrainingStep::loss),
                    mean(logs, at, TrainingStep::gradientNorm),
                    norms,
                    first.rank(),
                    first.fading(),
                    first.rates(),
                    mean(logs, at, TrainingStep::seconds)));
        }
        return mean;
    }

    private static double mean(List<List<TrainingStep>> logs, int at, ToDoubleFunction<TrainingStep> value) {
        return logs.stream()
                .mapToDouble(log -> value.applyAsDouble(log.get(at)))
                .average()
                .orElse(0);
    }
}
