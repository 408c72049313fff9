package io.arvid.calibrate;

import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.tensor.Ops;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Layers of one block that read the very same input, taken as one layer with the rows of all of them: what is done to their input is done once.
 *
 * @param sites q, k and v of a self-attention, k and v of a cross-attention, or one layer
 */
public record InputGroup(List<LinearSite> sites) {
    /** The groups of {@code sites}, in order. */
    public static List<InputGroup> of(Collection<LinearSite> sites) {
        Map<String, List<LinearSite>> groups = new LinkedHashMap<>();
        for (LinearSite site : sites) {
            groups.computeIfAbsent(SharedInput.of(site) + " " + site.block(), name -> new ArrayList<>())
                    .add(site);
        }
        return groups.values().stream().map(InputGroup::new).toList();
    }

    /** The layer through which the input is observed. */
    public LinearSite first() {
        return sites.getFirst();
    }

    /** Weights {@code [rows of all, in]}, float32. */
    public Tensor weight(CausalVideoModel model) {
        return Ops.cat(
                0, sites.stream().map(site -> Ops.toF32(model.weight(site))).toList());
    }

    /** The rows of each layer of {@code stacked} {@code [rows of all, ...]}: copies. */
    public List<Tensor> split(Tensor stacked) {
        List<Tensor> parts = new ArrayList<>();
        long start = 0;
        for (LinearSite site : sites) {
            parts.add(Ops.copy(Ops.slice(stacked, 0, start, start + site.outFeatures())));
            start += site.outFeatures();
        }
        return parts;
    }
}
