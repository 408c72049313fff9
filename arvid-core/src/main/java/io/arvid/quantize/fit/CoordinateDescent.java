package io.arvid.quantize.fit;

import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * Coordinate descent on the integer grid: visits one input channel after the other and moves each of its weights to the grid point at which
 * {@link GramLoss} is least while all others stay, {@code ŵ_j ← grid(ŵ_j − R_j / H_jj)} with {@code R = Ŵ H − B} kept up to date. Each step lowers the
 * loss or leaves it. Ours; in the spirit of QuantEase (arXiv 2309.01885).
 *
 * @param sweeps at most this many visits of every channel; ends when a sweep moves nothing
 * @param blockSize channels after which R is brought up to date in one multiplication; changes the speed, not the result
 */
public record CoordinateDescent(int sweeps, int blockSize) {
    /** Three sweeps. */
    public CoordinateDescent() {
        this(3, 64);
    }

    /**
     * Better codes, float64 {@code [out, in]}.
     *
     * @param codes where to start, {@code [out, in]}
     * @param pairs scales and zero points, {@code [out, 1]} or {@code [out, in]}
     */
    public Tensor improve(Tensor codes, AffinePairs pairs, IntGrid grid, GramLoss loss) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor scales = Ops.toF64(pairs.scales());
            Tensor zeros = Ops.toF64(pairs.zeros());
            Tensor current = Ops.copy(Ops.toF64(codes));
            Tensor residual = loss.residual(current.sub(zeros).mul_(scales));
            boolean moved = true;
            for (int sweep = 0; sweep < sweeps && moved; sweep++) {
                moved = false;
                int in = (int) current.size(1);
                for (int start = 0; start < in; start += blockSize) {
                    int end = Math.min(start + blockSize, in);
                    try (TensorScope blockScope = TensorScope.open()) {
                        moved |= visit(current, scales, zeros, residual, loss.hessian(), grid, start, end);
                    }
                }
            }
            return scope.keep(current);
        }
    }

    /** Visits the channels from {@code start} to before {@code end}; true where a code moved. */
    private static boolean visit(
            Tensor codes,
            Tensor scales,
            Tensor zeros,
            Tensor residual,
            Tensor hessian,
            IntGrid grid,
            int start,
            int end) {
        int rows = (int) codes.size(0);
        int columns = end - start;
        Tensor rowsOfHessian = Ops.slice(hessian, 0, start, end);
        double[] h = Tensors.toDoubles(Ops.slice(rowsOfHessian, 1, start, end));
        double[] r = Tensors.toDoubles(Ops.slice(residual, 1, start, end));
        double[] q = Tensors.toDoubles(Ops.slice(codes, 1, start, end));
        double[] s = ofColumns(scales, rows, start, end);
        double[] z = ofColumns(zeros, rows, start, end);
        double[] steps = new double[rows * columns];
        boolean moved = false;
        for (int row = 0; row < rows; row++) {
            moved |= descend(row * columns, columns, h, r, q, s, z, steps, grid);
        }
        if (moved) {
            Ops.slice(codes, 1, start, end).copy_(Tensors.of(q, rows, columns));
            residual.addmm_(Tensors.of(steps, rows, columns), rowsOfHessian);
        }
        return moved;
    }

    private static double[] ofColumns(Tensor pairs, int rows, int start, int end) {
        Tensor columns = pairs.size(1) == 1 ? pairs : Ops.slice(pairs, 1, start, end);
        return Tensors.toDoubles(columns.expand(rows, end - start));
    }

    /** One row of a block: {@code steps} receives how far each weight moved. */
    private static boolean descend(
            int base,
            int columns,
            double[] h,
            double[] r,
            double[] q,
            double[] s,
            double[] z,
            double[] steps,
            IntGrid grid) {
        boolean moved = false;
        for (int j = 0; j < columns; j++) {
            int at = base + j;
            double curvature = h[j * columns + j];
            if (curvature <= 0) {
                continue;
            }
            double best = (q[at] - z[at]) * s[at] - r[at] / curvature;
            double code = Math.clamp(Math.rint(best / s[at]) + z[at], grid.lowest(), grid.highest());
            double step = (code - q[at]) * s[at];
            if (step != 0) {
                q[at] = code;
                steps[at] = step;
                moved = true;
                for (int k = 0; k < columns; k++) {
                    r[base + k] += step * h[j * columns + k];
                }
            }
        }
        return moved;
    }
}
