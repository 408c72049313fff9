package io.arvid.pack;

import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The numbers of a layer's input plans, in order: scales and zero points of static ones, clipping factors of dynamic ones. */
final class InputNumbers {
    private final List<Float> scales = new ArrayList<>();
    private final List<Float> zeros = new ArrayList<>();
    private final List<Float> clips = new ArrayList<>();
    private int next;
    private int nextClip;

    /** Numbers to be appended. */
    InputNumbers() {}

    /** The numbers in tensors: two of one length {@code [n]}, and {@code [m, 2]}; null where there are none. */
    InputNumbers(@Nullable Tensor scales, @Nullable Tensor zeros, @Nullable Tensor clips) {
        float[] scaleValues = values(scales);
        float[] zeroValues = values(zeros);
        if (scaleValues.length != zeroValues.length) {
            throw new IllegalArgumentException(
                    scaleValues.length + " input scales with " + zeroValues.length + " zero points");
        }
        for (int i = 0; i < scaleValues.length; i++) {
            append(scaleValues[i], zeroValues[i]);
        }
        for (float clip : values(clips)) {
            this.clips.add(clip);
        }
    }

    private static float[] values(@Nullable Tensor tensor) {
        return tensor == null ? new float[0] : Tensors.toFloats(tensor);
    }

    void append(float scale, float zero) {
        scales.add(scale);
        zeros.add(zero);
    }

    void appendClips(float low, float high) {
        clips.add(low);
        clips.add(high);
    }

    InputPlan.Static next(IntGrid grid) {
        if (next == scales.size()) {
            throw new IllegalArgumentException("only " + scales.size() + " input scales");
        }
        return new InputPlan.Static(grid, scales.get(next), zeros.get(next++));
    }

    InputPlan.Dynamic nextClips(IntGrid grid, Granularity at, boolean zeroInGrid) {
        if (nextClip + 1 >= clips.size()) {
            throw new IllegalArgumentException("only " + clips.size() / 2 + " pairs of clipping factors");
        }
        return new InputPlan.Dynamic(grid, at, clips.get(nextClip++), clips.get(nextClip++), zeroInGrid);
    }

    boolean hasScales() {
        return !scales.isEmpty();
    }

    boolean hasClips() {
        return !clips.isEmpty();
    }

    /** True where every number was asked for. */
    boolean isUsedUp() {
        return next == scales.size() && nextClip == clips.size();
    }

    /** Scales, float32 {@code [n]}. */
    Tensor scales() {
        return tensor(scales);
    }

    /** Zero points, int32 {@code [n]}. */
    Tensor zeros() {
        return Ops.to(tensor(zeros), DTypes.I32);
    }

    /** Factors on the smallest and the largest value, float32 {@code [m, 2]}. */
    Tensor clips() {
        return tensor(clips).view(-1, 2);
    }

    private static Tensor tensor(List<Float> values) {
        float[] array = new float[values.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = values.get(i);
        }
        return Tensors.of(array, array.length);
    }
}
