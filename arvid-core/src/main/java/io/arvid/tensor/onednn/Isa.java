package io.arvid.tensor.onednn;

/** Instruction sets by what they mean for products of int8 and bfloat16, weakest first. */
public enum Isa {
    /** Nothing that oneDNN has code for. */
    OTHER(false),
    /** Products of pairs are summed in 16 bits and saturate: wrong for full-range codes. */
    AVX2(false),
    /** 512-bit vectors, but pairs saturate as well. */
    AVX512(false),
    /** Four products are summed in 32 bits, 256-bit vectors. */
    AVX2_VNNI(true),
    /** Four products are summed in 32 bits, 512-bit vectors. */
    AVX512_VNNI(true),
    /** As before, and products of pairs of bfloat16. */
    AVX512_BF16(true),
    /** Tiles of 16 × 64 codes. */
    AMX(true);

    private static final int AVX2_BITS = 0x7;
    private static final int AVX2_VNNI_BITS = 0xf;
    private static final int AVX512_BITS = 0x27;
    private static final int AVX512_VNNI_BITS = 0x67;
    private static final int AVX512_BF16_BITS = 0xe7;
    private static final int AMX_BITS = 0xfef;

    private final boolean exact;

    Isa(boolean exact) {
        this.exact = exact;
    }

    /** True where bfloat16 is multiplied as it is. */
    boolean multipliesBf16() {
        return this == AVX512_BF16 || this == AMX;
    }

    /** True where products of unsigned and signed bytes are summed in 32 bits, so that no sum saturates. */
    public boolean isExact() {
        return exact;
    }

    /** The set that oneDNN's {@code dnnl_cpu_isa_t} means. */
    static Isa of(int bits) {
        if (has(bits, AMX_BITS)) {
            return AMX;
        }
        if (has(bits, AVX512_BF16_BITS)) {
            return AVX512_BF16;
        }
        if (has(bits, AVX512_VNNI_BITS)) {
            return AVX512_VNNI;
        }
        if (has(bits, AVX512_BITS)) {
            return AVX512;
        }
        if (has(bits, AVX2_VNNI_BITS)) {
            return AVX2_VNNI;
        }
        return has(bits, AVX2_BITS) ? AVX2 : OTHER;
    }

    private static boolean has(int bits, int wanted) {
        return (bits & wanted) == wanted;
    }
}
