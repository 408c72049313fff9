package io.arvid.compare;

import io.arvid.record.FindingTable;
import io.arvid.record.TrainingStep;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;

/**
 * Losses of trainings against those of another recipe, step by step: runs of one seed see the same clips and the same noise (but for self-forced
 * training), so that their ratio says more than a few videos do.
 */
final class LossRatios {
    /** Parts that a training is divided into. */
    private static final int PARTS = 12;

    private LossRatios() {}

    /**
     * The table: a row for every recipe but the first of each bit width, which the others of that width are compared with.
     *
     * @param settings bit widths of a recipe
     * @param trained logs of a recipe, one a seed, empty where there is none
     */
    static FindingTable table(Map<String, String> settings, SequencedMap<String, List<List<TrainingStep>>> trained) {
        List<List<String>> rows = new ArrayList<>();
        trained.forEach((name, logs) -> {
            String reference = trained.sequencedKeySet().stream()
                    .filter(other -> settings.get(other).equals(settings.get(name)))
                    .findFirst()
                    .orElseThrow();
            if (!reference.equals(name)) {
                List<String> row = new ArrayList<>(List.of(name, reference));
                for (int part = 0; part < PARTS; part++) {
                    row.add(cell(ratios(logs, trained.get(reference), part)));
                }
                rows.add(row);
            }
        });
        List<String> headings = new ArrayList<>(List.of("recipe", "over"));
        for (int part = 1; part <= PARTS; part++) {
            headings.add(part + "/" + PARTS);
        }
        return new FindingTable(
                "losses",
                "Losses, step by step",
                "Mean logarithm of the loss over that of the first recipe of the same bits, in percent, in each twelfth of the"
                        + " training, with its standard error over steps and seeds. Runs of one seed see the same clips and"
                        + " noise, but for self-forced training.",
                headings,
                rows);
    }

    /** {@code ln(own / reference)} of every step of a part, of all seeds with two logs of the same length. */
    private static double[] ratios(List<List<TrainingStep>> own, List<List<TrainingStep>> reference, int part) {
        return IntStream.range(0, Math.min(own.size(), reference.size()))
                .filter(seed -> own.get(seed).size() == reference.get(seed).size())
                .boxed()
                .flatMapToDouble(seed -> {
                    int steps = own.get(seed).size();
                    return IntStream.range(part * steps / PARTS, (part + 1) * steps / PARTS)
                            .mapToDouble(
                                    step -> Math.log(own.get(seed).get(step).loss()
                                            / reference.get(seed).get(step).loss()));
                })
                .toArray();
    }

    private static String cell(double[] ratios) {
        double[] figures = QatScore.meanAndDeviation(ratios);
        return switch (ratios.length) {
            case 0 -> "";
            case 1 -> String.format("%+.1f", 100 * figures[0]);
            default -> String.format("%+.1f ± %.1f", 100 * figures[0], 100 * figures[1] / Math.sqrt(ratios.length));
        };
    }
}
