package io.arvid.quantize.adaround;

import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * The weight scales of a layer as variables: a factor on the scale of each row and group of columns, 1 at the start, so that one learning rate fits
 * scales of any size. Codes are held while a scale moves: {@code dŴ/ds = codes − z}.
 */
final class WeightScales implements AutoCloseable {
    private final Tensor start;
    private final Tensor factors;
    private final Tensor groupOfColumn;

    /** The variables of {@code layer}, at its scales. */
    WeightScales(ScaledLayer layer) {
        try (TensorScope scope = TensorScope.open()) {
            this.start = TensorScope.own(Ops.copy(layer.scaleTable()));
            this.factors = TensorScope.own(Tensors.onesLike(start));
            this.groupOfColumn = TensorScope.own(layer.groupOfColumn());
        }
    }

    /** {@code [out, groups]}; changed in place by the optimizer. */
    Tensor factors() {
        return factors;
    }

    /** Present scales {@code [out, groups]}, as {@link ScaledLayer#scaleTable}. */
    Tensor table() {
        return start.mul(factors);
    }

    /** Present scale of every weight, {@code [out, in]}, or {@code [out, 1]} where a row has one. */
    Tensor perWeight() {
        Tensor table = table();
        return table.size(1) == 1 ? table : table.index_select(1, groupOfColumn);
    }

    /** Gradient of the factors {@code [out, groups]}, given {@code dL/dŴ · (codes − z)} of every weight {@code [out, in]}. */
    Tensor gradient(Tensor perWeight) {
        Tensor ofScales = start.size(1) == 1
                ? Ops.sum(perWeight, true, 1)
                : Tensors.zerosLike(start).index_add_(1, groupOfColumn, perWeight);
        return ofScales.mul(start);
    }

    @Override
    public void close() {
        start.close();
        factors.close();
        groupOfColumn.close();
    }
}
