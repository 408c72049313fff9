package io.arvid.quantize.scheme;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.arvid.rollout.kv.GroupedQuantizer;
import io.arvid.rollout.kv.KvQuantization;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;

/** How the keys and values of finished chunks are stored. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "rule")
@JsonSubTypes({
    @JsonSubTypes.Type(value = KvPlan.Full.class, name = "full"),
    @JsonSubTypes.Type(value = KvPlan.Grouped.class, name = "grouped"),
    @JsonSubTypes.Type(value = KvPlan.ByChunk.class, name = "by-chunk")
})
public sealed interface KvPlan {
    /** The cache of a roll-out that keeps to this plan. */
    KvQuantization quantization();

    /** In a few words. */
    String text();

    /** In the model's dtype. */
    record Full() implements KvPlan {
        @Override
        public KvQuantization quantization() {
            return KvQuantization.of(KvQuantization.Codes.NONE);
        }

        @Override
        public String text() {
            return "as it is";
        }
    }

    /**
     * In groups with a minimum and a step each (KIVI).
     *
     * @param bits width of a code
     * @param groupSize values of a group; 0 for 128 at eight bits and 64 at fewer
     * @param along what a group runs along
     */
    record Grouped(int bits, int groupSize, GroupedQuantizer.Axis along) implements KvPlan {
        /** Checks that a cache can be so. */
        public Grouped {
            of(KvQuantization.Codes.ofBits(bits), groupSize, along, List.of());
        }

        @Override
        public KvQuantization quantization() {
            return of(KvQuantization.Codes.ofBits(bits), groupSize, along, List.of());
        }

        @Override
        public String text() {
            return bits + " bits";
        }
    }

    /**
     * In groups as well, of another width in each chunk.
     *
     * @param bits width of the codes of each chunk, 2, 4 or 8, or 16 for a chunk that stays in the model's dtype; the last one for all that follow
     * @param groupSize values of a group; 0 for 128 at eight bits and 64 at fewer
     * @param along what a group runs along
     */
    record ByChunk(List<Integer> bits, int groupSize, GroupedQuantizer.Axis along) implements KvPlan {
        /** Checks that there is a chunk; the widths are checked with the cache. */
        public ByChunk {
            bits = List.copyOf(bits);
            if (bits.isEmpty()) {
                throw new IllegalArgumentException("a KV cache by chunk needs the bits of one chunk at least");
            }
            of(KvQuantization.Codes.INT8, groupSize, along, bits);
        }

        @Override
        public KvQuantization quantization() {
            boolean stays = bits.stream().allMatch(width -> width == KvQuantization.FULL_BITS);
            return stays ? new Full().quantization() : of(KvQuantization.Codes.INT8, groupSize, along, bits);
        }

        /** Mean width over the chunks that are named. */
        public double averageBits() {
            return bits.stream().mapToInt(Integer::intValue).average().orElseThrow();
        }

        @Override
        public String text() {
            return String.format(
                    Locale.ROOT,
                    "%s bits by chunk, %.2f on average",
                    bits.stream().map(String::valueOf).collect(Collectors.joining(",")),
                    averageBits());
        }
    }

    private static KvQuantization of(
            KvQuantization.Codes codes, int groupSize, GroupedQuantizer.Axis along, List<Integer> bitsByChunk) {
        return new KvQuantization(codes, groupSize, Objects.requireNonNull(along, "along"), 0, 0, false, bitsByChunk);
    }
}
