package io.arvid.quantize.fit;

import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.LinearAlgebra;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * SVDQuant's low-rank branch (arXiv 2411.05007; deepcompressor {@code calib/lowrank.py}): {@code W ≈ L₁ L₂ + Q(W − L₁ L₂)}, where L₁ L₂ is the best
 * approximation of rank r of {@code W − Q} by singular values in float64, with Q the quantized residual of the iteration before (zero at first). The
 * iteration with the least error wins, the later of equals.
 *
 * @param rank r
 * @param iterations at most this many
 * @param earlyStop true to stop once the error is above the least so far
 */
public record LowRankBranch(int rank, int iterations, boolean earlyStop) {
    /** Checks the numbers. */
    public LowRankBranch {
        if (rank < 1 || iterations < 1) {
            throw new IllegalArgumentException("a low-rank branch of rank " + rank + " from " + iterations
                    + " iterations; wanted 1 or more of both");
        }
    }

    /** What a layer's output loses. */
    @FunctionalInterface
    public interface OutputError {
        /**
         * Squared error of the output.
         *
         * @param residual what the integers are to stand for, {@code W − L₁ L₂} {@code [out, in]}
         * @param quantized what they stand for, {@code [out, in]}
         */
        double of(Tensor residual, Tensor quantized);
    }

    /**
     * One iteration.
     *
     * @param up L₁ {@code [out, rank]}: left singular vectors times singular values
     * @param down L₂ {@code [rank, in]}: right singular vectors
     * @param pairs scales and zero points of the residual
     * @param codes of the residual, float32 {@code [out, in]}
     * @param quantized the values of the codes {@code [out, in]}
     * @param error of the output
     */
    public record Iteration(Tensor up, Tensor down, AffinePairs pairs, Tensor codes, Tensor quantized, double error) {
        /** {@code L₁ L₂}. */
        public Tensor product() {
            return up.matmul(down);
        }

        private List<Tensor> tensors() {
            return List.of(up, down, pairs.scales(), pairs.zeros(), codes, quantized);
        }

        private void free() {
            tensors().forEach(Tensor::close);
        }
    }

    /**
     * All iterations and the best of them.
     *
     * @param errors error of each iteration
     * @param best the one to use
     * @param bestIndex its place
     */
    public record Fitted(List<Double> errors, Iteration best, int bestIndex) {}

    /** Iterates for {@code weight} (float32 {@code [out, in]}). Only the best iteration and the last, from which the next one starts, are kept. */
    public Fitted fit(Tensor weight, WeightRule rule, WeightFit ranges, OutputError error) {
        List<Double> errors = new ArrayList<>();
        Iteration best = iterate(weight, Tensors.zerosLike(weight), rule, ranges, error);
        Iteration last = best;
        int bestIndex = 0;
        errors.add(best.error());
        for (int i = 1; i < iterations; i++) {
            Iteration iteration = iterate(weight, last.quantized(), rule, ranges, error);
            if (last != best) {
                last.free();
            }
            last = iteration;
            errors.add(iteration.error());
            if (iteration.error() <= best.error()) {
                best.free();
                best = iteration;
                bestIndex = i;
            } else if (earlyStop) {
                break;
            }
        }
        if (last != best) {
            last.free();
        }
        return new Fitted(errors, best, bestIndex);
    }

    private Iteration iterate(Tensor weight, Tensor quantized, WeightRule rule, WeightFit ranges, OutputError error) {
        try (TensorScope scope = TensorScope.open()) {
            int most = (int) Math.min(rank, Math.min(weight.size(0), weight.size(1)));
            var parts = LinearAlgebra.leading(Ops.toF64(weight.sub(quantized)), most);
            Tensor up = Ops.toF32(parts.left().mul(parts.values())).contiguous();
            Tensor down = Ops.toF32(parts.right()).contiguous();
            Tensor residual = weight.sub(up.matmul(down));
            int in = (int) weight.size(1);
            AffinePairs pairs = ranges.fit(residual, rule.grid(), rule.at());
            Tensor scales = AffineQuantizer.perColumn(pairs.scales(), rule.at(), in);
            Tensor zeros = AffineQuantizer.perColumn(pairs.zeros(), rule.at(), in);
            Tensor codes = AffineQuantizer.codes(residual, rule.grid(), scales, zeros);
            Tensor values = AffineQuantizer.values(codes, scales, zeros);
            Iteration iteration = new Iteration(up, down, pairs, codes, values, error.of(residual, values));
            iteration.tensors().forEach(scope::keep);
            return iteration;
        }
    }
}
