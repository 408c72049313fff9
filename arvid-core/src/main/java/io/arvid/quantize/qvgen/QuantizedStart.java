package io.arvid.quantize.qvgen;

import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * Where a layer's training starts: scale and zero point by {@link ShrinkSearch}, and Φ from the quantization error.
 *
 * @param pairs scales and zero points {@code [out, 1]}
 * @param module Φ
 */
public record QuantizedStart(AffinePairs pairs, AuxiliaryModule module) {
    /**
     * The start of {@code weight}.
     *
     * @param iterations LoftQ's alternation: from the second iteration on, scales are those of what Φ leaves, {@code W − LR}
     * @param follow what Φ is after several iterations: the error of quantizing W itself, which is what training does, or, as in the code, of quantizing
     *     what the Φ before left. The official scripts use one iteration, where both are the same
     */
    public static QuantizedStart of(Tensor weight, IntGrid grid, int rank, int iterations, Follow follow) {
        ShrinkSearch search = new ShrinkSearch(true);
        AffinePairs pairs = search.fit(weight, grid);
        AuxiliaryModule module = AuxiliaryModule.ofError(weight.sub(search.fake(weight, grid, pairs)), rank);
        for (int i = 1; i < iterations; i++) {
            Tensor residual = weight.sub(module.left().matmul(module.right()));
            pairs = search.fit(residual, grid);
            module = AuxiliaryModule.ofError(weight.sub(search.fake(residual, grid, pairs)), rank);
        }
        if (iterations > 1 && follow == Follow.PAPER) {
            module = AuxiliaryModule.ofError(weight.sub(search.fake(weight, grid, pairs)), rank);
        }
        return new QuantizedStart(pairs, module);
    }

    /** Squared error of the weight with Φ, mean over entries. */
    public double error(Tensor weight, IntGrid grid) {
        Tensor fake = LsqWeight.of(grid).fake(weight, pairs.scales(), pairs.zeros());
        Tensor error = weight.sub(fake).sub(module.left().matmul(module.right()));
        return Tensors.item(Ops.mean(error.square().flatten(), false, 0));
    }
}
