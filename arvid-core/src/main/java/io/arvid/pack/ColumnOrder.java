package io.arvid.pack;

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
        long[] columns = Tensors.toLongs(order);
        boolean[] named = new boolean[columns.length];
        for (long column : columns) {
            if (column < 0 || column >= columns.length || named[(int) column]) {
                return false;
            }
            named[(int) column] = true;
        }
        return true;
    }

    /** The first {@code count} entries of {@code order}, a copy. */
    static Tensor outliers(Tensor order, long count) {
        return Ops.copy(Ops.slice(order, 0, 0, count));
    }
}
