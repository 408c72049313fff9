package io.arvid.quantize.adaround;

import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** The weight scales of a layer as variables: one a row and group of columns. */
final class WeightScales implements AutoCloseable {
    private final Tensor table;
    private final Tensor groupOfColumn;

    /** The variables of {@code layer}, at its scales. */
    WeightScales(ScaledLayer layer) {
        try (TensorScope scope = TensorScope.open()) {
            this.table = TensorScope.own(Ops.copy(layer.scaleTable()));
            this.groupOfColumn = TensorScope.own(layer.groupOfColumn());
        }
    }

    /** {@code [out, groups]} as {@link ScaledLayer#scaleTable}; changed in place by the optimizer. */
    Tensor table() {
        return table;
    }

    /** Present scale of every weight, {@code [out, in]}, or {@code [out, 1]} where a row has one: a copy. */
    Tensor perWeight() {
        return table.size(1) == 1 ? Ops.copy(table) : table.index_select(1, groupOfColumn);
    }

    /** {@code dL/ds} {@code [out, groups]} of the gradients that each weight contributes, {@code [out, in]}. */
    Tensor gradient(Tensor perWeight) {
        return table.size(1) == 1
                ? Ops.sum(perWeight, true, 1)
                : Tensors.zerosLike(table).index_add_(1, groupOfColumn, perWeight);
    }

    @Override
    public void close() {
        table.close();
        groupOfColumn.close();
    }
}
