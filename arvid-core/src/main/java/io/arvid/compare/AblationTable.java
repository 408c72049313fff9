package io.arvid.compare;

import io.arvid.record.FindingTable;
import io.arvid.report.figure.MethodLook;
import io.arvid.report.figure.Numbers;
import java.util.ArrayList;
import java.util.List;

/** Variations of one recipe, each against the one that is unchanged. */
final class AblationTable {
    private AblationTable() {}

    /** Of {@code results}, one a variant in their order; {@code unvaried} is the hash of the recipe that is unchanged. */
    static FindingTable of(Ablations.Ablation ablation, String unvaried, List<CellRun.Done> results) {
        int base = Math.max(
                0,
                results.stream()
                        .map(result -> result.cell().recipe().hash())
                        .toList()
                        .indexOf(unvaried));
        CellRun.Done unchanged = results.get(base);
        List<String> metrics = PairedCells.METRICS.stream()
                .filter(metric -> unchanged.scores().metric(metric).isPresent())
                .toList();
        List<String> headings = new ArrayList<>(List.of("Variation"));
        metrics.forEach(headings::add);
        headings.add("latent-mse, ratio to '" + ablation.variants().get(base).name() + "'");
        headings.add("seconds");
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            CellRun.Done result = results.get(i);
            List<String> row =
                    new ArrayList<>(List.of(ablation.variants().get(i).name()));
            metrics.forEach(metric -> row.add(result.scores()
                    .metric(metric)
                    .map(found -> ResultTables.interval(found.overall()))
                    .orElse("–")));
            row.add(
                    i == base
                            ? "1"
                            : PairedCells.differences(result, unchanged).stream()
                                    .filter(pair -> pair.metric().equals("latent-mse"))
                                    .map(pair -> ResultTables.interval(pair.ratio()))
                                    .findFirst()
                                    .orElse("–"));
            row.add(Numbers.significant(result.cost().seconds(), 3));
            rows.add(row);
        }
        return new FindingTable(
                "ablation-" + ablation.id(),
                ablation.title(),
                "At " + MethodLook.setting(unchanged.cell().setting()) + ".",
                headings,
                rows);
    }
}
