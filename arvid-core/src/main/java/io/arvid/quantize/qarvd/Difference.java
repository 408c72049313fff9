package io.arvid.quantize.qarvd;

import java.util.Arrays;
import java.util.List;

/**
 * What the paper and its official code do differently, as far as a switch can tell them apart. A recipe follows one of them ({@code follow}) and may
 * override single switches ({@code overrides}, by {@link #key}). The other differences are recipe keys: the grids ({@code scheme}), {@code calibrationPrompts}.
 */
public enum Difference {
    /** The outliers' input channels get a static scale of their own; equation 8 speaks of weights only. */
    DUAL_SCALE_ON_INPUTS("dualScaleOnInputs", false, true),

    /** Frame weights count in layers with dual scale, too; the code resets them to 1 there. */
    FRAME_WEIGHT_ON_DUAL_SCALE("frameWeightOnDualScale", true, false),

    /** Frame weights count in the search for input ranges, too, not in reconstruction alone. */
    FRAME_WEIGHT_IN_INPUT_RANGE("frameWeightInInputRange", false, true),

    /** Sensitivity is measured at the recipe's own bit widths; the script measures once, at W4A8. */
    SENSITIVITY_AT_TARGET("sensitivityAtTarget", true, false),

    /** "Scaling factors" that are trained include those of weights; the code trains those of inputs only. */
    TRAIN_WEIGHT_SCALES("trainWeightScales", true, false),

    /** The cosine holds for the learning rate of the rounding, too. */
    COSINE_ON_ROUNDING("cosineOnRounding", true, false),

    /** No outliers where the deviation is tiny, and at most half of the channels. */
    OUTLIER_GUARDS("outlierGuards", false, true),

    /** Cross-attention keys and values and the text embedding are reconstructed, not only rounded. */
    RECONSTRUCT_TEXT_PATH("reconstructTextPath", true, false),

    /** The text embedding may have outliers, too. */
    DUAL_SCALE_OUTSIDE_BLOCKS("dualScaleOutsideBlocks", true, false);

    private final String key;
    private final boolean paper;
    private final boolean code;

    Difference(String key, boolean paper, boolean code) {
        this.key = key;
        this.paper = paper;
        this.code = code;
    }

    /** Name in a recipe's {@code overrides}. */
    public String key() {
        return key;
    }

    /** True where the switch is on in {@code source}. */
    public boolean in(Follow source) {
        return source == Follow.PAPER ? paper : code;
    }

    /** All keys. */
    public static List<String> keys() {
        return Arrays.stream(values()).map(Difference::key).toList();
    }
}
