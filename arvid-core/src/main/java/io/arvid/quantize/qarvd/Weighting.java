package io.arvid.quantize.qarvd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.calibrate.FrameWeights;
import io.arvid.quantize.QuantContext;
import java.util.function.Supplier;

/** Frame weights that the paper compares (its Table 4). */
public enum Weighting {
    /** By measured sensitivity: the method. */
    @JsonProperty("sensitivity")
    SENSITIVITY,

    /** The same for all chunks. */
    @JsonProperty("uniform")
    UNIFORM,

    /** {@code 2^−i} for chunk i. */
    @JsonProperty("halving")
    HALVING,

    /** By measured sensitivity, last chunk first. */
    @JsonProperty("reversed")
    REVERSED;

    /** True where sensitivities are used. */
    public boolean isMeasured() {
        return this == SENSITIVITY || this == REVERSED;
    }

    /** The weights of all chunks; {@code measured} is asked only where sensitivities are used and {@code context} does not know them. */
    public FrameWeights weights(QuantContext context, Supplier<Sensitivity> measured) {
        return switch (this) {
            case SENSITIVITY -> sensitivity(context, measured);
            case UNIFORM -> context.uniformWeights();
            case HALVING -> FrameWeights.halving(context.rollouts().chunkCount());
            case REVERSED -> sensitivity(context, measured).reversed();
        };
    }

    private static FrameWeights sensitivity(QuantContext context, Supplier<Sensitivity> measured) {
        FrameWeights known = context.sensitivity();
        return known != null ? known : measured.get().weights();
    }
}
