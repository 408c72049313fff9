package io.arvid.pack;

import java.util.Set;

/** Names of a packed layer's tensors, after the layer's own name and a dot; those of compressed-tensors where it has one. */
final class PackedNames {
    /** The tensors with the numbers of an input plan. */
    record Inputs(String scale, String zero, String clip) {}

    static final String PACKED = "weight_packed";
    static final String SHAPE = "weight_shape";
    static final String SCALE = "weight_scale";
    static final String ZERO_POINT = "weight_zero_point";
    static final String COLUMN_ORDER = "column_order";
    static final String OUTLIER_SCALE = "outlier_weight_scale";
    static final String OUTLIER_ZERO_POINT = "outlier_weight_zero_point";
    static final Inputs INPUT = new Inputs("input_scale", "input_zero_point", "input_clip");
    static final Inputs OUTLIER_INPUT =
            new Inputs("outlier_input_scale", "outlier_input_zero_point", "outlier_input_clip");
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
            INPUT.scale(),
            INPUT.zero(),
            INPUT.clip(),
            COLUMN_ORDER,
            OUTLIER_SCALE,
            OUTLIER_ZERO_POINT,
            OUTLIER_INPUT.scale(),
            OUTLIER_INPUT.zero(),
            OUTLIER_INPUT.clip(),
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
