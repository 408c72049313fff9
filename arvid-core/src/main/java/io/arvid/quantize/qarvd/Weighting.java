package io.arvid.quantize.qarvd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.calibrate.FrameWeights;
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

    /** The weights of {@code chunks} chunks; {@code measured} is asked only where sensitivities are used. */
    public FrameWeights weights(int chunks, Supplier<FrameWeights> measured) {
        return switch (this) {
            case SENSITIVITY -> measured.get();
            case UNIFORM -> FrameWeights.uniform(chunks);
            case HALVING -> FrameWeights.halving(chunks);
            case REVERSED -> measured.get().reversed();
        };
    }
}
