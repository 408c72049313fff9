package io.arvid.quantize.fit;

import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Finds the scale and zero point of each row of a weight. */
@FunctionalInterface
public interface WeightFit {
    /** One pair a row of {@code rows} (float32 {@code [n, columns]}): scales and zeros {@code [n, 1]}. */
    AffinePairs fit(Tensor rows, IntGrid grid);

    /** The pairs of a weight {@code [out, in]} at {@code granularity}: scales and zeros {@code [out, groups]}. */
    default AffinePairs fit(Tensor weight, IntGrid grid, Granularity granularity) {
        Tensor values = Ops.toF32(weight);
        if (!(granularity instanceof Granularity.Grouped(int size))) {
            return fit(values, grid);
        }
        long in = values.size(1);
        List<Tensor> scales = new ArrayList<>();
        List<Tensor> zeros = new ArrayList<>();
        for (long start = 0; start < in; start += size) {
            AffinePairs group = fit(Ops.slice(values, 1, start, Math.min(start + size, in)), grid);
            scales.add(group.scales());
            zeros.add(group.zeros());
        }
        return new AffinePairs(Ops.cat(1, scales), Ops.cat(1, zeros));
    }
}
