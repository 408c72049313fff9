package io.arvid.calibrate;

import io.arvid.model.RolloutStep;
import io.arvid.tensor.Ops;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Smallest and largest value of every channel of one layer's input, pass by pass, over all tokens.
 *
 * @param lows float32 {@code [passes, in]}
 * @param highs float32 {@code [passes, in]}
 * @param steps where in the roll-out each pass is
 */
public record Extremes(Tensor lows, Tensor highs, List<RolloutStep> steps) {
    /** From {@code rows [2, in]} of each pass, smallest values first. */
    static Extremes of(List<Tensor> rows, List<RolloutStep> steps) {
        Tensor both = Ops.toF32(Ops.stack(0, rows));
        return new Extremes(both.select(1, 0), both.select(1, 1), steps);
    }

    /** What {@link #of} takes, of {@code tokens [count, in]}. */
    static Tensor rows(Tensor tokens) {
        return Ops.stack(0, List.of(Ops.amin(tokens, false, 0), Ops.amax(tokens, false, 0)));
    }

    /** Smallest value of each channel: {@code [in]}. */
    public Tensor low() {
        return Ops.amin(lows, false, 0);
    }

    /** Largest value of each channel: {@code [in]}. */
    public Tensor high() {
        return Ops.amax(highs, false, 0);
    }

    /** Largest magnitude of each channel in each pass: {@code [passes, in]}. */
    public Tensor magnitudes() {
        return lows.abs().max(highs.abs());
    }

    /** Largest magnitude of each channel: {@code [in]}. */
    public Tensor largest() {
        return Ops.amax(magnitudes(), false, 0);
    }
}
