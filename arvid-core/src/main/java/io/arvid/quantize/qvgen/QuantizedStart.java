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
     * @param iterations LoftQ's alternation: from the second iteration on, scales are those of what Φ leaves, {@code W − LR}, although training
     *     quantizes W itself; that is the official code's way, and its scripts use one iteration
     */
    public static QuantizedStart of(Tensor weight, IntGrid grid, int rank, int iterations) {
        ShrinkSearch search = new ShrinkSearch(true);
        Tensor residual = weight;
        AffinePairs pairs = search.fit(residual, grid);
        AuxiliaryModule module = AuxiliaryModule.ofError(weight.sub(search.fake(residual, grid, pairs)), rank);
        for (int i = 1; i < iterations; i++) {
            residual = weight.sub(module.left().matmul(module.right()));
            pairs = search.fit(residual, grid);
            module = AuxiliaryModule.ofError(weight.sub(search.fake(residual, grid, pairs)), rank);
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
