package io.arvid.pack;

import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** The scales and zero points of a layer's static input plans, in order. */
final class InputNumbers {
    private final List<Float> scales = new ArrayList<>();
    private final List<Float> zeros = new ArrayList<>();
    private int next;

    /** Numbers to be appended. */
    InputNumbers() {}

    /** The numbers in two tensors of one length. */
    InputNumbers(Tensor scales, Tensor zeros) {
        float[] scaleValues = Tensors.toFloats(scales);
        float[] zeroValues = Tensors.toFloats(zeros);
        if (scaleValues.length != zeroValues.length) {
            throw new IllegalArgumentException(
                    scaleValues.length + " input scales with " + zeroValues.length + " zero points");
        }
        for (int i = 0; i < scaleValues.length; i++) {
            append(scaleValues[i], zeroValues[i]);
        }
    }

    void append(float scale, float zero) {
        scales.add(scale);
        zeros.add(zero);
    }

    InputPlan.Static next(IntGrid grid) {
        if (next == scales.size()) {
            throw new IllegalArgumentException("only " + scales.size() + " input scales");
        }
        return new InputPlan.Static(grid, scales.get(next), zeros.get(next++));
    }

    boolean isEmpty() {
        return scales.isEmpty();
    }

    /** True where every number was asked for. */
    boolean isUsedUp() {
        return next == scales.size();
    }

    /** Scales, float32 {@code [n]}. */
    Tensor scales() {
        return tensor(scales);
    }

    /** Zero points, int32 {@code [n]}. */
    Tensor zeros() {
        return Ops.to(tensor(zeros), DTypes.I32);
    }

    private static Tensor tensor(List<Float> values) {
        float[] array = new float[values.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = values.get(i);
        }
        return Tensors.of(array, array.length);
    }
}
