package io.arvid.quantize.fit;

import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * The whole range of the samples: {@code scale = (max − min) / (2^bits − 1)}, {@code zero = round(−min(min, 0) / scale)}, formed in float64 (Q-ARVD
 * {@code quant/quant_layer.py}, scale methods {@code max} and {@code max_scale}). Since the scale does not count zero in where all values are positive,
 * the official rule then clips the top; {@code includeZero} is the mended form. A symmetric grid has no zero point: there it
 * is {@link AbsMaxInputFit}.
 *
 * @param includeZero true to let the range of the scale include zero, as the zero point's does
 * @param shrinkZero true to multiply the minimum by (bits + 2)/8 before the zero point is formed, as {@code max_scale} does
 */
public record MinMaxInputFit(boolean includeZero, boolean shrinkZero) implements InputFit {
    private static final double SMALLEST_STEP = 1e-8;

    /** The mended form. */
    public MinMaxInputFit() {
        this(true, false);
    }

    @Override
    public InputPlan.Static fit(Tensor samples, Tensor weights, IntGrid grid) {
        if (grid.symmetric()) {
            return new AbsMaxInputFit().fit(samples, weights, grid);
        }
        double min = Tensors.item(samples.min());
        double max = Tensors.item(samples.max());
        double low = Math.min(min, 0);
        double range = includeZero ? Math.max(max, 0) - low : max - min;
        double scale = Math.max(range / grid.steps(), SMALLEST_STEP);
        double shrink = shrinkZero ? (grid.bits() + 2) / 8.0 : 1;
        return new InputPlan.Static(grid, (float) scale, (float) Math.rint(-low * shrink / scale));
    }
}
