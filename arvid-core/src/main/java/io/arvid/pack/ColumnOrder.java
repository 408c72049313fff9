package io.arvid.pack;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/** The order in which a dual-scale layer keeps its columns: the outliers in the order of their plan, then the others as they come. */
final class ColumnOrder {
    private ColumnOrder() {}

    /** Original column of each kept column, int64 {@code [in]}, for outlier columns int64 {@code [n]}. */
    static Tensor outliersFirst(Tensor outliers, int inFeatures) {
        long[] first = Tensors.toLongs(outliers);
        long[] order = Arrays.copyOf(first, inFeatures);
        boolean[] taken = new boolean[inFeatures];
        for (long column : first) {
            taken[Math.toIntExact(column)] = true;
        }
        int next = first.length;
        for (int column = 0; column < inFeatures; column++) {
            if (!taken[column]) {
                order[next++] = column;
            }
        }
        return Tensors.of(order, inFeatures);
    }

    /** Where each original column is kept, int64 {@code [in]}. */
    static Tensor inverse(Tensor order) {
        return order.argsort();
    }

    /** True where {@code order}, int64 {@code [in]}, names every column once. */
    static boolean isPermutation(Tensor order) {
        Tensor sorted = order.index_select(0, order.argsort());
        return sorted.equal(Tensors.arange(DTypes.I64, order.numel()));
    }

    /** The first {@code count} entries of {@code order}, a copy. */
    static Tensor outliers(Tensor order, long count) {
        return Ops.copy(Ops.slice(order, 0, 0, count));
    }
}
