package io.arvid.quantize.fit;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * The best scales for codes that stay: for each row, and each group of columns with a scale of its own,
 * {@code s ← s − (R · v) / (v H vᵀ)} with {@code v = codes − zeros} of the group, R = Ŵ H − B. This is the exact minimum of {@link GramLoss} over that
 * scale, so the loss falls or stays. Ours.
 */
public final class ScaleRefit {
    private ScaleRefit() {}

    /**
     * New scales {@code [out, groups]}, float64, positive: a scale that would not be stays as it is.
     *
     * @param codes {@code [out, in]}
     * @param zeros {@code [out, in]} or {@code [out, 1]}
     * @param scaleTable {@code [out, groups]}
     * @param groupOfColumn int64 {@code [in]}: the column of the table that holds for each input channel
     */
    public static Tensor refit(
            Tensor codes, Tensor zeros, Tensor scaleTable, Tensor groupOfColumn, GramLoss loss) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor steps = Ops.toF64(codes).sub(Ops.toF64(zeros));
            Tensor table = Ops.copy(Ops.toF64(scaleTable));
            Tensor residual = loss.residual(steps.mul(table.index_select(1, groupOfColumn)));
            for (long group = 0; group < table.size(1); group++) {
                try (TensorScope each = TensorScope.open()) {
                    refit(group, steps, table, groupOfColumn, residual, loss.hessian());
                }
            }
            return scope.keep(table);
        }
    }

    /** Refits one column of the table; table and residual change in place. */
    private static void refit(
            long group, Tensor steps, Tensor table, Tensor groupOfColumn, Tensor residual, Tensor hessian) {
        Tensor columns = groupOfColumn
                .eq(Tensors.of(new long[] {group}, 1))
                .nonzero()
                .squeeze(1);
        if (columns.numel() == 0) {
            return;
        }
        Tensor v = steps.index_select(1, columns);
        Tensor reach = v.matmul(hessian.index_select(0, columns));
        Tensor curvature = Ops.sum(reach.index_select(1, columns).mul(v), true, 1);
        Tensor slope = Ops.sum(residual.index_select(1, columns).mul(v), true, 1);
        Tensor nothing = Tensors.zeros(DTypes.F64, 1);
        Tensor old = Ops.slice(table, 1, group, group + 1);
        Tensor best = old.sub(slope.div(curvature));
        Tensor usable = curvature.gt(nothing).logical_and(best.gt(nothing));
        Tensor change = Ops.where(usable, best.sub(old), Tensors.zerosLike(old));
        old.add_(change);
        residual.add_(reach.mul_(change));
    }
}
