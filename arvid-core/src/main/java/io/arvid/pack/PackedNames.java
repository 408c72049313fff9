package io.arvid.pack;

import java.util.Set;

/** Names of a packed layer's tensors, after the layer's own name and a dot; those of compressed-tensors where it has one. */
final class PackedNames {
    static final String PACKED = "weight_packed";
    static final String SHAPE = "weight_shape";
    static final String SCALE = "weight_scale";
    static final String ZERO_POINT = "weight_zero_point";
    static final String INPUT_SCALE = "input_scale";
    static final String INPUT_ZERO_POINT = "input_zero_point";
    static final String COLUMN_ORDER = "column_order";
    static final String OUTLIER_SCALE = "outlier_weight_scale";
    static final String OUTLIER_ZERO_POINT = "outlier_weight_zero_point";
    static final String OUTLIER_INPUT_SCALE = "outlier_input_scale";
    static final String OUTLIER_INPUT_ZERO_POINT = "outlier_input_zero_point";
    static final String CHANNEL_SCALE = "input_channel_scale";
    static final String CHANNEL_SHIFT = "input_channel_shift";
    static final String OUTPUT_SHIFT = "output_shift";
    static final String LOW_RANK_DOWN = "low_rank_down";
    static final String LOW_RANK_UP = "low_rank_up";

    static final Set<String> ALL = Set.of(
            PACKED,
            SHAPE,
            SCALE,
            ZERO_POINT,
            INPUT_SCALE,
            INPUT_ZERO_POINT,
            COLUMN_ORDER,
            OUTLIER_SCALE,
            OUTLIER_ZERO_POINT,
            OUTLIER_INPUT_SCALE,
            OUTLIER_INPUT_ZERO_POINT,
            CHANNEL_SCALE,
            CHANNEL_SHIFT,
            OUTPUT_SHIFT,
            LOW_RANK_DOWN,
            LOW_RANK_UP);

    private PackedNames() {}

    /** True where {@code name} is a tensor of a packed layer. */
    static boolean isPacked(String name) {
        return ALL.contains(name.substring(name.lastIndexOf('.') + 1));
    }
}
