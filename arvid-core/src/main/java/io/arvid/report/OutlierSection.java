package io.arvid.report;

import io.arvid.record.Findings;
import io.arvid.record.LayerOutliers;
import io.arvid.report.figure.Markup;
import io.arvid.report.figure.NormCurve;
import io.arvid.report.figure.OutlierMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Which input channels stand out, and in which layers (Q-ARVD, Figures 3 and 4). */
final class OutlierSection {
    private OutlierSection() {}

    static Optional<Markup> draw(Findings found) {
        List<Markup> map = new ArrayList<>();
        List<LayerOutliers> layers = found.layerOutliers().stream()
                .filter(layer -> layer.block() >= 0)
                .toList();
        if (!layers.isEmpty()) {
            long with = layers.stream().filter(layer -> layer.outliers() > 0).count();
            map.add(Sections.panel(
                            "Where outliers are",
                            with + " of " + layers.size() + " layers in blocks; darker: a larger share of channels",
                            OutlierMap.draw(layers))
                    .with("class", "panel wide"));
        }
        List<Markup> norms = found.channelNorms().stream()
                .map(layer -> Sections.panel("Channel norms of " + layer.site(), "", NormCurve.draw(layer)))
                .toList();
        return map.isEmpty() && norms.isEmpty()
                ? Optional.empty()
                : Optional.of(Sections.section(
                                "outliers",
                                "A few input channels stand out",
                                "Where the weight’s columns differ much in norm, one scale for all wastes the grid."
                                        + " Channels above the threshold get a scale of their own.")
                        .add(Sections.grid(norms))
                        .add(Sections.grid(map)));
    }
}
