package io.arvid.quantize.scheme;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** How many values share one scale and zero point. In recipes: {@code per-tensor}, {@code per-channel}, {@code per-token}, {@code group-64}. */
public sealed interface Granularity {
    /** One pair for the whole tensor. */
    record PerTensor() implements Granularity {}

    /** One pair for each output channel: each row of a weight {@code [out, in]}. */
    record PerChannel() implements Granularity {}

    /** One pair for each token: each vector along the last dimension of an input. */
    record PerToken() implements Granularity {}

    /**
     * One pair for {@code size} neighbouring input channels of a row or token; the last group may be shorter.
     *
     * @param size input channels of a group
     */
    record Grouped(int size) implements Granularity {
        /** Checks the size. */
        public Grouped {
            if (size < 1) {
                throw new IllegalArgumentException("a group of " + size + " channels");
            }
        }
    }

    /** The granularity that a recipe calls {@code text}. */
    @JsonCreator
    static Granularity of(String text) {
        return switch (text) {
            case "per-tensor" -> new PerTensor();
            case "per-channel" -> new PerChannel();
            case "per-token" -> new PerToken();
            case String group
            when group.matches("group-[1-9][0-9]{0,5}") ->
                new Grouped(Integer.parseInt(group.substring("group-".length())));
            default ->
                throw new IllegalArgumentException(
                        "'" + text + "' is none of per-tensor, per-channel, per-token, group-N");
        };
    }

    /** What a recipe calls this granularity. */
    @JsonValue
    default String text() {
        return switch (this) {
            case PerTensor() -> "per-tensor";
            case PerChannel() -> "per-channel";
            case PerToken() -> "per-token";
            case Grouped(int size) -> "group-" + size;
        };
    }

    /** Pairs that a row of {@code inFeatures} channels needs. */
    default int groups(int inFeatures) {
        return this instanceof Grouped(int size) ? Math.ceilDiv(inFeatures, size) : 1;
    }
}
