package io.arvid.quantize.fit;

import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.LinearAlgebra;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * GPTQ (arXiv 2210.17323; IST-DASLab/gptq {@code gptq.py}): rounds one input channel after the other and feeds each rounding error back into the
 * channels that are still to come, so that {@code tr((Ŵ − W) H (Ŵ − W)ᵀ)} stays small. All in float64.
 *
 * @param damping share of the mean of H's diagonal that is added to the diagonal
 * @param actOrder true to visit channels by descending diagonal of H, false in their own order
 * @param blockSize channels after which the errors are fed back to the rest in one multiplication; changes the speed, not the result
 */
public record Gptq(double damping, boolean actOrder, int blockSize) {
    /** Damping is raised by this share of the mean diagonal until H can be factored. */
    private static final double DAMPING_STEP = 0.001;

    private static final int DAMPING_ATTEMPTS = 1000;

    /** Checks the settings. */
    public Gptq {
        if (!(damping >= 0) || blockSize < 1) {
            throw new IllegalArgumentException("damping " + damping + " with blocks of " + blockSize);
        }
    }

    /**
     * What was found.
     *
     * @param codes float64 {@code [out, in]}, whole numbers within the grid
     * @param values {@code (codes − zeros) · scales}, float64 {@code [out, in]}
     * @param order int64 {@code [in]}: which input channel was visited when
     * @param loss {@code Σ (w − ŵ)² / (2 U_jj²)}, the official code's measure
     */
    public record Rounded(Tensor codes, Tensor values, Tensor order, double loss) {}

    /**
     * Rounds a weight. Channels that no input uses ({@code H_jj = 0}) are taken as zero, as in the official code.
     *
     * @param weight {@code [out, in]}
     * @param hessian H, {@code Xᵀ X} up to a factor, {@code [in, in]}
     * @param scales where each column's pairs come from
     * @param grid codes
     */
    public Rounded round(Tensor weight, Tensor hessian, ColumnScales scales, IntGrid grid) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor unused = hessian.diagonal().eq(Tensors.zeros(DTypes.of(hessian)));
            Tensor used = Ops.toF64(unused.logical_not());
            Tensor h = Ops.toF64(hessian).add(Ops.toF64(unused).diag());
            return kept(scope, roundTowards(Ops.toF64(weight).mul(used), h, damping * meanDiagonal(h), scales, grid));
        }
    }

    /**
     * Rounds towards {@code target}, every channel as it is.
     *
     * @param target {@code [out, in]}
     * @param hessian H {@code [in, in]}
     * @param lambda what is added to H's diagonal; raised where H + λI is not positive definite
     */
    public Rounded roundTowards(Tensor target, Tensor hessian, double lambda, ColumnScales scales, IntGrid grid) {
        try (TensorScope scope = TensorScope.open()) {
            return kept(scope, roundTowards(target, prepare(hessian, lambda), scales, grid));
        }
    }

    /**
     * What rounding needs of a Hessian.
     *
     * @param order int64 {@code [in]}: which input channel is visited when
     * @param factor U in the order of visits, float64 {@code [in, in]}
     */
    public record Prepared(Tensor order, Tensor factor) {}

    /** Orders the channels of {@code hessian} {@code [in, in]} and factors {@code H + λI}. */
    public Prepared prepare(Tensor hessian, double lambda) {
        Tensor h = Ops.toF64(hessian);
        if (!actOrder) {
            return new Prepared(Tensors.arange(DTypes.I64, h.size(0)), factor(h, lambda));
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor order = h.diagonal().neg().argsort(true, 0, false);
            Tensor visited = TensorScope.run(() -> h.index_select(0, order).index_select(1, order));
            return new Prepared(scope.keep(order), scope.keep(factor(visited, lambda)));
        }
    }

    /** Rounds towards {@code target} {@code [out, in]} with a Hessian that was prepared before. */
    public Rounded roundTowards(Tensor target, Prepared prepared, ColumnScales scales, IntGrid grid) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor order = prepared.order();
            Tensor factor = prepared.factor();
            Tensor remaining = Ops.copy(Ops.toF64(target).index_select(1, order));
            Tensor codes = Tensors.zerosLike(remaining);
            Tensor values = Tensors.zerosLike(remaining);
            double loss = 0;
            int in = (int) order.numel();
            for (int start = 0; start < in; start += blockSize) {
                int end = Math.min(start + blockSize, in);
                AffinePairs pairs = scales.of(remaining, order, start, end);
                try (TensorScope blockScope = TensorScope.open()) {
                    Block block = Block.of(remaining, factor, pairs, start, end);
                    loss += block.round(grid);
                    Ops.slice(codes, 1, start, end).copy_(block.tensor(block.codes));
                    Ops.slice(values, 1, start, end).copy_(block.tensor(block.values));
                    Ops.slice(remaining, 1, end, in)
                            .sub_(block.tensor(block.errors)
                                    .matmul(Ops.slice(Ops.slice(factor, 0, start, end), 1, end, in)));
                }
            }
            Tensor back = order.argsort();
            return kept(scope, new Rounded(codes.index_select(1, back), values.index_select(1, back), order, loss));
        }
    }

    /**
     * U, upper triangular with {@code Uᵀ U = (H + λI)⁻¹}; λ is raised where that is not positive definite.
     *
     * @throws IllegalArgumentException where H is not finite, as of inputs that are not
     */
    public static Tensor factor(Tensor hessian, double lambda) {
        double mean = meanDiagonal(hessian);
        if (!Double.isFinite(mean)) {
            throw new IllegalArgumentException("the Gram matrix of the inputs is not finite: " + mean);
        }
        double step = DAMPING_STEP * (mean > 0 ? mean : 1); // Of inputs that are all zero any damping will do.
        for (int attempt = 0; attempt < DAMPING_ATTEMPTS; attempt++) {
            Optional<Tensor> factor = factorOf(hessian, lambda + attempt * step);
            if (factor.isPresent()) {
                return factor.get();
            }
        }
        throw new IllegalArgumentException("no damping makes the Gram matrix of the inputs positive definite");
    }

    private static Optional<Tensor> factorOf(Tensor hessian, double damping) {
        try (TensorScope scope = TensorScope.open()) {
            return LinearAlgebra.upperFactorOfInverse(damping == 0 ? hessian : LinearAlgebra.shifted(hessian, damping))
                    .map(scope::keep);
        }
    }

    /** Mean of the diagonal of a square matrix. */
    public static double meanDiagonal(Tensor matrix) {
        return Tensors.item(Ops.mean(Ops.toF64(matrix.diagonal()), false, 0));
    }

    private static Rounded kept(TensorScope scope, Rounded rounded) {
        scope.keep(rounded.codes());
        scope.keep(rounded.values());
        scope.keep(rounded.order());
        return rounded;
    }

    /** Neighbouring channels of all rows as plain arrays, row-major: rounding them is a loop over numbers, and rows do not meet. */
    private static final class Block {
        private final int rows;
        private final int columns;
        private final double[] remaining;
        private final double[] factor;
        private final double[] scales;
        private final double[] zeros;
        private final double[] codes;
        private final double[] values;
        private final double[] errors;

        private Block(int rows, int columns, double[] remaining, double[] factor, double[] scales, double[] zeros) {
            this.rows = rows;
            this.columns = columns;
            this.remaining = remaining;
            this.factor = factor;
            this.scales = scales;
            this.zeros = zeros;
            this.codes = new double[rows * columns];
            this.values = new double[rows * columns];
            this.errors = new double[rows * columns];
        }

        static Block of(Tensor remaining, Tensor factor, AffinePairs pairs, int start, int end) {
            int rows = (int) remaining.size(0);
            int columns = end - start;
            return new Block(
                    rows,
                    columns,
                    Tensors.toDoubles(Ops.slice(remaining, 1, start, end)),
                    Tensors.toDoubles(Ops.slice(Ops.slice(factor, 0, start, end), 1, start, end)),
                    Tensors.toDoubles(pairs.scales().expand(rows, columns)),
                    Tensors.toDoubles(pairs.zeros().expand(rows, columns)));
        }

        /** Rounds all rows; the loss. */
        double round(IntGrid grid) {
            double loss = 0;
            for (int row = 0; row < rows; row++) {
                loss += roundRow(row * columns, grid.lowest(), grid.highest());
            }
            return loss;
        }

        /** Rounds one row: {@code e = (w − ŵ) / U_jj}, then {@code w_k ← w_k − e · U_jk} for every later k. */
        private double roundRow(int base, int lowest, int highest) {
            double loss = 0;
            for (int j = 0; j < columns; j++) {
                int at = base + j;
                double weight = remaining[at];
                double code = Math.clamp(Math.rint(weight / scales[at]) + zeros[at], lowest, highest);
                double value = (code - zeros[at]) * scales[at];
                double error = (weight - value) / factor[j * columns + j];
                codes[at] = code;
                values[at] = value;
                errors[at] = error;
                loss += error * error / 2;
                for (int k = j + 1; k < columns; k++) {
                    remaining[base + k] -= error * factor[j * columns + k];
                }
            }
            return loss;
        }

        Tensor tensor(double[] entries) {
            return Tensors.of(entries, rows, columns);
        }
    }
}
