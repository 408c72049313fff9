package io.arvid.quantize.scheme;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** How the keys and values of finished chunks are stored. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "rule")
@JsonSubTypes({
    @JsonSubTypes.Type(value = KvPlan.Full.class, name = "full"),
    @JsonSubTypes.Type(value = KvPlan.Grouped.class, name = "grouped")
})
public sealed interface KvPlan {
    /** In the model's dtype. */
    record Full() implements KvPlan {}

    /**
     * In groups with a minimum and a step each (KIVI).
     *
     * @param bits width of a code
     * @param groupSize values of a group
     * @param along what a group runs along
     */
    record Grouped(int bits, int groupSize, Axis along) implements KvPlan {
        /** Directions of a group. */
        public enum Axis {
            TOKENS,
            CHANNELS
        }
    }
}
