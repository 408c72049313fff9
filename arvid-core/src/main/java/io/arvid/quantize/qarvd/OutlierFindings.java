package io.arvid.quantize.qarvd;

import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.model.SiteRole;
import io.arvid.record.ChannelNorms;
import io.arvid.record.LayerOutliers;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Which input channels of a model stand out (Q-ARVD, Figures 3, 4 and 8 to 10).
 *
 * @param model in full precision
 */
public record OutlierFindings(CausalVideoModel model) {
    private static final List<SiteRole> SHOWN =
            List.of(SiteRole.FFN_DOWN, SiteRole.FFN_UP, SiteRole.SELF_O, SiteRole.CROSS_V);

    /** Sorted input-channel norms of one layer of each kind in {@code block}. */
    public List<ChannelNorms> channelNorms(int block) {
        return model.sites().stream()
                .filter(site -> site.block() == block && SHOWN.contains(site.role()))
                .map(this::norms)
                .toList();
    }

    /** Outlier channels of every layer inside the blocks. */
    public List<LayerOutliers> layerOutliers() {
        return model.sites().stream()
                .filter(site -> site.role().isInBlock())
                .map(site -> {
                    ChannelNorms norms = norms(site);
                    return new LayerOutliers(
                            site.name(), site.role().suffix(), site.block(), site.inFeatures(), norms.outliers());
                })
                .toList();
    }

    private ChannelNorms norms(LinearSite site) {
        float[] norms = columnNorms(site);
        OutlierDetection.Found found = OutlierDetection.paper().count(norms, true);
        List<Double> sorted = new ArrayList<>();
        for (float norm : norms) {
            sorted.add((double) norm);
        }
        sorted.sort(Collections.reverseOrder());
        int above =
                (int) sorted.stream().filter(norm -> norm > found.threshold()).count();
        return new ChannelNorms(site.name(), sorted, found.threshold(), found.count() == 0 ? 0 : above, found.count());
    }

    private float[] columnNorms(LinearSite site) {
        try (TensorScope scope = TensorScope.open()) {
            return Tensors.toFloats(OutlierDetection.columnNorms(model.weight(site)));
        }
    }
}
