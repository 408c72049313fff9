package io.arvid.quantize.scheme;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** What a recipe asks of the inputs of quantized layers. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "rule")
@JsonSubTypes({
    @JsonSubTypes.Type(value = InputRule.Full.class, name = "full"),
    @JsonSubTypes.Type(value = InputRule.Static.class, name = "static"),
    @JsonSubTypes.Type(value = InputRule.Dynamic.class, name = "dynamic"),
    @JsonSubTypes.Type(value = InputRule.Stepwise.class, name = "stepwise")
})
public sealed interface InputRule {
    /** Inputs stay in the model's dtype. */
    record Full() implements InputRule {}

    /** One scale and zero point a tensor, found by calibration. */
    record Static(IntGrid grid) implements InputRule {}

    /**
     * Scales and zero points computed from each input as it arrives.
     *
     * @param grid codes
     * @param at per tensor, per token or grouped
     */
    record Dynamic(IntGrid grid, Granularity at) implements InputRule {
        /** Checks that the granularity is one of inputs. */
        public Dynamic {
            if (at instanceof Granularity.PerChannel) {
                throw new IllegalArgumentException(
                        "inputs are quantized per-tensor, per-token or group-N, not " + at.text());
            }
        }
    }

    /** A static pair for each bucket of passes. */
    record Stepwise(IntGrid grid, StepBuckets buckets) implements InputRule {}

    /** The grid of the codes; {@code IllegalStateException} where there are none. */
    default IntGrid grid() {
        return switch (this) {
            case Full() -> throw new IllegalStateException("inputs in full precision have no grid");
            case Static(IntGrid grid) -> grid;
            case Dynamic(IntGrid grid, Granularity at) -> grid;
            case Stepwise(IntGrid grid, StepBuckets buckets) -> grid;
        };
    }

    /** The same with codes of {@code bits} bits. */
    default InputRule withBits(int bits) {
        return switch (this) {
            case Full full -> full;
            case Static(IntGrid grid) -> new Static(new IntGrid(bits, grid.symmetric()));
            case Dynamic(IntGrid grid, Granularity at) -> new Dynamic(new IntGrid(bits, grid.symmetric()), at);
            case Stepwise(IntGrid grid, StepBuckets buckets) ->
                new Stepwise(new IntGrid(bits, grid.symmetric()), buckets);
        };
    }

    /** True where ranges are found on calibration roll-outs. */
    default boolean needsCalibration() {
        return this instanceof Static || this instanceof Stepwise;
    }
}
