package io.arvid.pack;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.arvid.quantize.scheme.Correction;

/** A {@link Correction} in {@code config.json}: its kind and what of it is no tensor. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = CorrectionEntry.ChannelScale.class, name = "channel_scale"),
    @JsonSubTypes.Type(value = CorrectionEntry.ChannelShift.class, name = "channel_shift"),
    @JsonSubTypes.Type(value = CorrectionEntry.Rotation.class, name = "rotation"),
    @JsonSubTypes.Type(value = CorrectionEntry.DualScale.class, name = "dual_scale"),
    @JsonSubTypes.Type(value = CorrectionEntry.LowRank.class, name = "low_rank")
})
sealed interface CorrectionEntry {
    /** A factor a channel. */
    record ChannelScale() implements CorrectionEntry {}

    /** A shift a channel. */
    record ChannelShift() implements CorrectionEntry {}

    /** A rotation in blocks. */
    record Rotation(Correction.Rotation.Kind family, int blockSize) implements CorrectionEntry {}

    /** The first {@code columns} kept columns have scales, and their input a plan, of their own. */
    record DualScale(int columns, InputEntry input) implements CorrectionEntry {}

    /** A low-rank branch. */
    record LowRank(int rank, boolean onQuantizedInput) implements CorrectionEntry {}
}
