package io.arvid.quantize;

import io.arvid.quantize.fit.RangeRule;

/** The settings of a method that watches calibration roll-outs. */
public interface CalibratedRecipe extends Recipe {
    /** How ranges are found, for weights and static inputs. */
    RangeRule range();

    /** Prompts whose roll-outs are watched. */
    int calibrationPrompts();

    /** Tokens kept of each pass where inputs are recorded, 0 for all. */
    int tokensPerSample();

    /** How the inputs of layers get their ranges. */
    default InputCalibration inputCalibration() {
        return new InputCalibration(
                scheme().inputs(), range().inputs(), calibrationPrompts(), tokensPerSample(), seed());
    }

    /** Roll-outs for {@code passes} times watching every prompt, and one more for the ranges of static inputs; weights alone where that is none. */
    default Needs rollouts(int passes) {
        int watched = passes + (scheme().inputs().needsCalibration() ? 1 : 0);
        return watched == 0
                ? new Needs.WeightsOnly()
                : new Needs.Rollouts(
                        calibrationPrompts(), watched * calibrationPrompts(), Needs.Measured.NONE, Needs.Measured.NONE);
    }
}
