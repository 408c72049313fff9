package io.arvid.rollout.kv;

import io.arvid.rollout.DenseKvStore;
import io.arvid.rollout.KvStore;
import io.arvid.tensor.DTypes;
import java.util.List;

/**
 * How a roll-out keeps keys and values.
 *
 * @param codes what finished chunks become
 * @param groupSize values of a group; 0 for 128 at eight bits and 64 at fewer, so that steps and minima take little beside the codes
 * @param along what a group runs along
 * @param sinkChunks first chunks that stay as they are
 * @param recentChunks newest finished chunks that stay as they are
 * @param correctsSoftmax true where attention takes back the share that rounded keys gain
 * @param bitsByChunk width of the codes of each chunk, {@link #FULL_BITS} for a chunk that stays as it is, the last one for all that follow; empty for
 *     {@code codes} all along
 */
public record KvQuantization(
        Codes codes,
        int groupSize,
        GroupedQuantizer.Axis along,
        int sinkChunks,
        int recentChunks,
        boolean correctsSoftmax,
        List<Integer> bitsByChunk) {
    /** What finished chunks become. */
    public enum Codes {
        /** They stay as they are. */
        NONE(16),
        INT8(8),
        INT4(4),
        INT2(2),
        /** Two bits beside centroids (Quant VideoGen). */
        QVG(2);

        private final int bits;

        Codes(int bits) {
            this.bits = bits;
        }

        /** Grouped codes of {@code bits}. */
        public static Codes ofBits(int bits) {
            return switch (bits) {
                case 2 -> INT2;
                case 4 -> INT4;
                case 8 -> INT8;
                default -> throw new IllegalArgumentException("a KV cache of " + bits + " bits; use 2, 4 or 8");
            };
        }

        /** Width of a code. */
        public int bits() {
            return bits;
        }
    }

    /** In {@code bitsByChunk}: the chunk stays as it is. */
    public static final int FULL_BITS = 16;

    private static final int WIDE_GROUP = 128;
    private static final int NARROW_GROUP = 64;
    private static final int BYTE = 8;
    private static final int WORD = 32;
    private static final int BF16_BYTES = 2;
    private static final long SEED = 0;

    /** Checks the widths. */
    public KvQuantization {
        bitsByChunk = List.copyOf(bitsByChunk);
        if (sinkChunks < 0 || recentChunks < 0 || groupSize < 0) {
            throw new IllegalArgumentException("a KV cache with " + sinkChunks + " sink chunks, " + recentChunks
                    + " recent chunks and groups of " + groupSize + "; none may be negative");
        }
        for (int bits : bitsByChunk) {
            if (bits != 2 && bits != 4 && bits != BYTE && bits != FULL_BITS) {
                throw new IllegalArgumentException("a chunk of the KV cache in " + bits + " bits; use 2, 4 or 8, or "
                        + FULL_BITS + " where it is to stay as it is");
            }
        }
        if (!bitsByChunk.isEmpty() && (codes == Codes.NONE || codes == Codes.QVG)) {
            throw new IllegalArgumentException("bits by chunk are for int8, int4 and int2, not for " + codes);
        }
    }

    /** {@code codes} in groups along tokens, without exemptions. */
    public static KvQuantization of(Codes codes) {
        return new KvQuantization(codes, 0, GroupedQuantizer.Axis.TOKENS, 0, 0, false, List.of());
    }

    /** Makes the store of each block. */
    public KvStore.Factory stores() {
        return codes == Codes.NONE ? DenseKvStore::new : shape -> new QuantizedKvStore(shape, this);
    }

    /** True where chunk {@code chunk} becomes codes once it is neither a sink nor recent. */
    boolean quantizes(int chunk) {
        return bits(chunk) < FULL_BITS;
    }

    private int bits(int chunk) {
        return bitsByChunk.isEmpty() ? codes.bits() : bitsByChunk.get(Math.min(chunk, bitsByChunk.size() - 1));
    }

    /**
     * Bytes of a cache of {@code chunks} finished chunks over those of the same chunks as they are; codes count as those of the widest chunk, QVG's centroids,
     * which depend on the values, as two more bits.
     *
     * @param wordBytes bytes of a number of a chunk that stays as it is
     */
    public double share(int chunks, int wordBytes) {
        double ofBf16 = shareOfBf16();
        double coded = ofBf16 == 1 ? 1 : ofBf16 * BF16_BYTES / wordBytes;
        double exempt = Math.min(chunks, (double) sinkChunks + recentChunks) / chunks;
        return exempt + (1 - exempt) * coded;
    }

    /** Bytes of the widest chunk's codes, steps and minima over those in bfloat16. */
    private double shareOfBf16() {
        int bits = bitsByChunk.isEmpty()
                ? codes.bits()
                : bitsByChunk.stream().mapToInt(Integer::intValue).max().orElseThrow();
        if (codes == Codes.NONE || bits == FULL_BITS) {
            return 1;
        }
        return codes == Codes.QVG
                ? (bits + 2.0) / Codes.NONE.bits()
                : (bits + (double) WORD / group(bits)) / Codes.NONE.bits();
    }

    private int group(int bits) {
        return groupSize > 0 ? groupSize : bits == BYTE ? WIDE_GROUP : NARROW_GROUP;
    }

    /** How chunk {@code chunk}, of {@code tokens} tokens, becomes codes. */
    TokenQuantizer quantizer(int chunk, int tokens, int headDim) {
        if (codes == Codes.QVG) {
            int block = headDim % NARROW_GROUP == 0 ? NARROW_GROUP : headDim;
            return new ResidualQuantizer(
                    1, 256, new KMeans(2, 1e-4), new BlockQuantizer(codes.bits(), block, false), DTypes.BF16, SEED);
        }
        int bits = bits(chunk);
        int length = along == GroupedQuantizer.Axis.TOKENS ? tokens : headDim;
        return new GroupedQuantizer(
                bits, fitted(group(bits), length, WORD / bits), along, DTypes.F16, GroupedQuantizer.Padding.LAST);
    }

    /** Groups no longer than what there is to group, in whole words: a longer group would be padding. */
    private static int fitted(int wanted, int length, int word) {
        return wanted <= length ? wanted : Math.ceilDiv(length, word) * word;
    }
}
