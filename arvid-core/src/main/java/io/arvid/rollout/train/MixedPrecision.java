package io.arvid.rollout.train;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.weights.WeightMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Mixed-precision training: float32 parameters, of which every step computes with bfloat16 copies; gradients arrive in float32 through the copy. On CPUs
 * with bfloat16 matrix units this is two to three times as fast as float32.
 */
final class MixedPrecision {
    private MixedPrecision() {}

    /** Bfloat16 copies that pass gradients on; the caller closes them, which what was computed with them survives. */
    static WeightMap of(WeightMap weights) {
        Map<String, Tensor> copies = new LinkedHashMap<>();
        weights.entries().forEach((name, tensor) -> copies.put(name, of(tensor)));
        return WeightMap.of(copies);
    }

    /** A bfloat16 copy. */
    static Tensor of(Tensor tensor) {
        return Ops.to(tensor, DTypes.BF16);
    }
}
