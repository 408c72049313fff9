package io.arvid.quantize.fit;

import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** {@code scale = max|x| / (2^(bits−1) − 1)} over all samples, for symmetric grids. */
public record AbsMaxInputFit() implements InputFit {
    private static final double SMALLEST_STEP = 1e-8;

    @Override
    public InputPlan.Static fit(Tensor samples, Tensor weights, IntGrid grid) {
        if (!grid.symmetric()) {
            throw new IllegalArgumentException("the largest magnitude gives the scale of a symmetric grid");
        }
        double largest = Tensors.item(samples.abs().max());
        return new InputPlan.Static(grid, (float) Math.max(largest / grid.steps(), SMALLEST_STEP), 0);
    }
}
