package io.arvid.pack;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.StepBuckets;
import java.util.ArrayList;
import java.util.List;

/**
 * An {@link InputPlan} in {@code config.json}: its structure. The scales and zero points of static plans and the clipping factors of dynamic ones lie in
 * tensors, in the order of the structure.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "rule")
@JsonSubTypes({
    @JsonSubTypes.Type(value = InputEntry.Full.class, name = "full"),
    @JsonSubTypes.Type(value = InputEntry.Static.class, name = "static"),
    @JsonSubTypes.Type(value = InputEntry.Dynamic.class, name = "dynamic"),
    @JsonSubTypes.Type(value = InputEntry.Clipped.class, name = "clipped"),
    @JsonSubTypes.Type(value = InputEntry.Companded.class, name = "companded"),
    @JsonSubTypes.Type(value = InputEntry.Stepwise.class, name = "stepwise"),
    @JsonSubTypes.Type(value = InputEntry.Bucketed.class, name = "bucketed")
})
sealed interface InputEntry {
    /** Not quantized. */
    record Full() implements InputEntry {}

    /** With the next scale and zero point. */
    record Static(IntGrid grid) implements InputEntry {}

    /** With scales computed from the input. */
    record Dynamic(IntGrid grid, Granularity at, float lowClip, float highClip) implements InputEntry {}

    /** With scales computed from the input and the next pair of clipping factors. */
    record Clipped(IntGrid grid, Granularity at, boolean zeroInGrid) implements InputEntry {}

    /** On a curve. */
    record Companded(IntGrid grid, double exponent, float negative, float positive) implements InputEntry {}

    /** With an entry a bucket. */
    record Stepwise(StepBuckets buckets, List<InputEntry> plans) implements InputEntry {}

    /** With the same entry, but numbers of its own, for every bucket. */
    record Bucketed(StepBuckets buckets, InputEntry plan) implements InputEntry {}

    /** The structure of {@code plan}; its numbers are appended to {@code numbers}. */
    static InputEntry write(InputPlan plan, InputNumbers numbers) {
        return switch (plan) {
            case InputPlan.Full() -> new Full();
            case InputPlan.Static(IntGrid grid, float scale, float zero) -> {
                numbers.append(scale, zero);
                yield new Static(grid);
            }
            case InputPlan.Dynamic(IntGrid grid, Granularity at, float lowClip, float highClip, boolean zeroInGrid)
            when lowClip != 1 || highClip != 1 || zeroInGrid -> {
                numbers.appendClips(lowClip, highClip);
                yield new Clipped(grid, at, zeroInGrid);
            }
            case InputPlan.Dynamic dynamic -> new Dynamic(dynamic.grid(), dynamic.at(), 1, 1);
            case InputPlan.Companded(IntGrid grid, double exponent, float negative, float positive) ->
                new Companded(grid, exponent, negative, positive);
            case InputPlan.Stepwise(StepBuckets buckets, List<InputPlan> plans) -> {
                List<InputEntry> entries =
                        plans.stream().map(p -> write(p, numbers)).toList();
                yield entries.stream().distinct().count() == 1
                        ? new Bucketed(buckets, entries.getFirst())
                        : new Stepwise(buckets, entries);
            }
        };
    }

    /** The plan of this structure with the numbers that come next. */
    default InputPlan read(InputNumbers numbers) {
        return switch (this) {
            case Full() -> new InputPlan.Full();
            case Static(IntGrid grid) -> numbers.next(grid);
            case Dynamic(IntGrid grid, Granularity at, float lowClip, float highClip) ->
                new InputPlan.Dynamic(grid, at, lowClip, highClip, false);
            case Clipped(IntGrid grid, Granularity at, boolean zeroInGrid) -> numbers.nextClips(grid, at, zeroInGrid);
            case Companded(IntGrid grid, double exponent, float negative, float positive) ->
                new InputPlan.Companded(grid, exponent, negative, positive);
            case Bucketed(StepBuckets buckets, InputEntry plan) -> {
                List<InputPlan> plans = new ArrayList<>();
                for (int bucket = 0; bucket < buckets.count(); bucket++) {
                    plans.add(plan.read(numbers));
                }
                yield new InputPlan.Stepwise(buckets, plans);
            }
            case Stepwise(StepBuckets buckets, List<InputEntry> plans) ->
                new InputPlan.Stepwise(
                        buckets, plans.stream().map(p -> p.read(numbers)).toList());
        };
    }
}
