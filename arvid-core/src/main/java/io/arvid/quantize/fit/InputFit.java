package io.arvid.quantize.fit;

import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import org.bytedeco.pytorch.Tensor;

/** Finds the static scale and zero point of a layer's input. */
@FunctionalInterface
public interface InputFit {
    /**
     * One pair for all samples.
     *
     * @param samples float32 {@code [N, ...]}, in order of collection
     * @param weights how much each sample's error counts, float32 {@code [N]}
     * @param grid codes; the pair of a symmetric grid has zero point 0
     */
    InputPlan.Static fit(Tensor samples, Tensor weights, IntGrid grid);
}
