package io.arvid.quantize.fit;

import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** Where a solver that rounds column by column takes each column's scales and zero points from. */
@FunctionalInterface
public interface ColumnScales {
    /**
     * The pairs of the columns that are visited {@code start}-th to before {@code end}-th: {@code [out, 1]} or {@code [out, end − start]}.
     *
     * @param remaining float64 weights {@code [out, in]} in the order of visits, with the errors of earlier blocks already fed back
     * @param order int64 {@code [in]}: which input channel is visited when
     */
    AffinePairs of(Tensor remaining, Tensor order, int start, int end);

    /** Pairs chosen beforehand, {@code [out, 1]} or {@code [out, in]} in the order of the input channels. */
    static ColumnScales fixed(Tensor scales, Tensor zeros) {
        return (remaining, order, start, end) -> scales.size(1) == 1
                ? new AffinePairs(scales, zeros)
                : new AffinePairs(visited(scales, order, start, end), visited(zeros, order, start, end));
    }

    /**
     * A pair for each group of {@code size} columns in the order of visits, found from the weights that remain when the group begins (GPTQ's group
     * size without static groups). As in the official code these are the weights as the block before left them.
     */
    static ColumnScales refitted(WeightFit fit, IntGrid grid, int size) {
        return new RefittedScales(fit, grid, size);
    }

    private static Tensor visited(Tensor pairs, Tensor order, int start, int end) {
        return pairs.index_select(1, Ops.slice(order, 0, start, end));
    }

    /** Remembers the group that a block ended in; the caller keeps one scope open over all blocks. */
    final class RefittedScales implements ColumnScales {
        private final WeightFit fit;
        private final IntGrid grid;
        private final int size;
        private @Nullable AffinePairs open;

        private RefittedScales(WeightFit fit, IntGrid grid, int size) {
            this.fit = fit;
            this.grid = grid;
            this.size = size;
        }

        @Override
        public AffinePairs of(Tensor remaining, Tensor order, int start, int end) {
            Tensor scales = Tensors.empty(DTypes.F64, remaining.size(0), end - start);
            Tensor zeros = Tensors.empty(DTypes.F64, remaining.size(0), end - start);
            for (int column = start; column < end; ) {
                if (column % size == 0 || open == null) {
                    long groupEnd = Math.min(column + size, remaining.size(1));
                    open = fit.fit(Ops.toF32(Ops.slice(remaining, 1, column, groupEnd)), grid);
                }
                int until = Math.min(end, (column / size + 1) * size);
                Ops.slice(scales, 1, column - start, until - start).copy_(open.scales());
                Ops.slice(zeros, 1, column - start, until - start).copy_(open.zeros());
                column = until;
            }
            return new AffinePairs(scales, zeros);
        }
    }
}
