package io.arvid.evaluate.vbench;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * VBench's consistency of one video's frame features:
 *
 * <pre>{@code
 * s_i = ½ [ max(0, cos(f_{i−1}, f_i)) + max(0, cos(f_0, f_i)) ]      i = 1 … T − 1
 * }</pre>
 */
public final class FrameConsistency {
    private FrameConsistency() {}

    /**
     * The similarities {@code s_1 … s_{T−1}}.
     *
     * @param features {@code [T, D]} with at least two frames; need not be normalized
     */
    public static double[] of(Tensor features) {
        long frames = features.size(0);
        if (frames < 2) {
            throw new IllegalArgumentException("consistency needs at least two frames; the video has " + frames);
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor unit = Ops.unitLength(Ops.toF64(features), 1);
            Tensor later = Ops.slice(unit, 0, 1, frames);
            Tensor previous = positiveCosine(Ops.slice(unit, 0, 0, frames - 1), later);
            Tensor first = positiveCosine(Ops.slice(unit, 0, 0, 1), later);
            return Tensors.toDoubles(Ops.div(previous.add(first), 2));
        }
    }

    private static Tensor positiveCosine(Tensor a, Tensor b) {
        return Ops.clampMin(Ops.sum(a.mul(b), false, 1), 0);
    }
}
