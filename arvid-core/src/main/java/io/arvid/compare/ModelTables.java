package io.arvid.compare;

import io.arvid.record.ChannelNorms;
import io.arvid.record.FindingTable;
import io.arvid.record.LayerOutliers;
import io.arvid.record.Sensitivity;
import io.arvid.report.figure.MethodLook;
import io.arvid.report.figure.Numbers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** What Q-ARVD's figures show of the model itself, in tables. */
final class ModelTables {
    private static final double PERCENT = 100;

    private ModelTables() {}

    /** Share of the damage that each chunk does (Figure 2). */
    static Optional<FindingTable> sensitivities(List<Sensitivity> sensitivities) {
        if (sensitivities.isEmpty()) {
            return Optional.empty();
        }
        List<String> headings = new ArrayList<>(List.of("Setting", "prompts"));
        int chunks = sensitivities.getFirst().share().size();
        for (int chunk = 1; chunk <= chunks; chunk++) {
            headings.add("chunk " + chunk);
        }
        headings.addAll(List.of("text path, in chunk 1", "Spearman"));
        List<List<String>> rows = new ArrayList<>();
        for (Sensitivity measured : sensitivities) {
            List<String> row = new ArrayList<>(
                    List.of(MethodLook.setting(measured.setting()), String.valueOf(measured.prompts())));
            measured.share().forEach(share -> row.add(Numbers.fixed(share.mean(), 3)));
            row.add(Numbers.fixed(measured.textShare(), 3));
            row.add(Numbers.fixed(measured.spearman(), 2));
            rows.add(row);
        }
        return Optional.of(new FindingTable(
                "chunk-sensitivity",
                "Sensitivity of the chunks (Q-ARVD, Figure 2)",
                "Share of the final video's error that quantizing one chunk alone makes, and its rank correlation with the chunk's number.",
                headings,
                rows));
    }

    /** Outlier channels by block and kind of layer (Figures 4 and 8 to 10). */
    static FindingTable outliers(List<LayerOutliers> layers) {
        TreeSet<Integer> blocks = new TreeSet<>();
        Map<String, Map<Integer, String>> byRole = new LinkedHashMap<>();
        for (LayerOutliers layer : layers) {
            blocks.add(layer.block());
            byRole.computeIfAbsent(layer.role(), role -> new LinkedHashMap<>())
                    .put(layer.block(), Numbers.fixed(PERCENT * layer.outliers() / layer.channels(), 1));
        }
        List<String> headings = new ArrayList<>(List.of("Layer"));
        blocks.forEach(block -> headings.add("block " + block));
        List<List<String>> rows = new ArrayList<>();
        byRole.forEach((role, shares) -> {
            List<String> row = new ArrayList<>(List.of(role));
            blocks.forEach(block -> row.add(shares.getOrDefault(block, "–")));
            rows.add(row);
        });
        return new FindingTable(
                "outlier-channels",
                "Outlier channels (Q-ARVD, Figures 4 and 8 to 10)",
                "Percent of the input channels whose weights' norm is above the paper's threshold.",
                headings,
                rows);
    }

    /** How far the largest channels stand out (Figure 3). */
    static FindingTable norms(List<ChannelNorms> norms) {
        return new FindingTable(
                "channel-norms",
                "Norms of input channels (Q-ARVD, Figure 3)",
                "Norms of the weights' columns as multiples of their median; the report draws all of them.",
                List.of("Layer", "largest", "threshold", "above it", "channels"),
                norms.stream()
                        .map(layer -> {
                            double median = layer.norms().get(layer.norms().size() / 2);
                            return List.of(
                                    layer.site(),
                                    Numbers.fixed(layer.norms().getFirst() / median, 2),
                                    Numbers.fixed(layer.threshold() / median, 2),
                                    String.valueOf(layer.outliers()),
                                    String.valueOf(layer.norms().size()));
                        })
                        .toList());
    }
}
