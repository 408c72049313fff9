package io.arvid.pack;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.StepBuckets;
import java.util.List;

/** An {@link InputPlan} in {@code config.json}: its structure. The scales and zero points of static plans lie in tensors, in the order of the structure. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "rule")
@JsonSubTypes({
    @JsonSubTypes.Type(value = InputEntry.Full.class, name = "full"),
    @JsonSubTypes.Type(value = InputEntry.Static.class, name = "static"),
    @JsonSubTypes.Type(value = InputEntry.Dynamic.class, name = "dynamic"),
    @JsonSubTypes.Type(value = InputEntry.Companded.class, name = "companded"),
    @JsonSubTypes.Type(value = InputEntry.Stepwise.class, name = "stepwise")
})
sealed interface InputEntry {
    /** Not quantized. */
    record Full() implements InputEntry {}

    /** With the next scale and zero point. */
    record Static(IntGrid grid) implements InputEntry {}

    /** With scales computed from the input. */
    record Dynamic(IntGrid grid, Granularity at, float lowClip, float highClip) implements InputEntry {}

    /** On a curve. */
    record Companded(IntGrid grid, double exponent, float negative, float positive) implements InputEntry {}

    /** With an entry a bucket. */
    record Stepwise(StepBuckets buckets, List<InputEntry> plans) implements InputEntry {}

    /** The structure of {@code plan}; its numbers are appended to {@code numbers}. */
    static InputEntry write(InputPlan plan, InputNumbers numbers) {
        return switch (plan) {
            case InputPlan.Full() -> new Full();
            case InputPlan.Static(IntGrid grid, float scale, float zero) -> {
                numbers.append(scale, zero);
                yield new Static(grid);
            }
            case InputPlan.Dynamic(IntGrid grid, Granularity at, float lowClip, float highClip) ->
                new Dynamic(grid, at, lowClip, highClip);
            case InputPlan.Companded(IntGrid grid, double exponent, float negative, float positive) ->
                new Companded(grid, exponent, negative, positive);
            case InputPlan.Stepwise(StepBuckets buckets, List<InputPlan> plans) ->
                new Stepwise(buckets, plans.stream().map(p -> write(p, numbers)).toList());
        };
    }

    /** The plan of this structure with the numbers that come next. */
    default InputPlan read(InputNumbers numbers) {
        return switch (this) {
            case Full() -> new InputPlan.Full();
            case Static(IntGrid grid) -> numbers.next(grid);
            case Dynamic(IntGrid grid, Granularity at, float lowClip, float highClip) ->
                new InputPlan.Dynamic(grid, at, lowClip, highClip);
            case Companded(IntGrid grid, double exponent, float negative, float positive) ->
                new InputPlan.Companded(grid, exponent, negative, positive);
            case Stepwise(StepBuckets buckets, List<InputEntry> plans) ->
                new InputPlan.Stepwise(
                        buckets, plans.stream().map(p -> p.read(numbers)).toList());
        };
    }
}
