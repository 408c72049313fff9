package io.arvid.kernel;

import io.arvid.tensor.FloatLanes;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Signed codes of four bits, two to a byte, in whatever order the multiplication wants: of 128 codes the first 64 are the low halves of 64 bytes, the
 * others their high halves, each with 8 added.
 */
final class NibbleCodes {
    /** Codes are packed in runs of this length. */
    static final int RUN = 128;

    private static final int HALF_RUN = RUN / 2;
    private static final int OFFSET = 8;
    private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_PREFERRED;
    private static final boolean FITS = HALF_RUN % BYTES.length() == 0;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private NibbleCodes() {}

    /** Packs {@code count} codes of −8 … 7, a byte each, a multiple of {@link #RUN}, to {@code count / 2} bytes at {@code packed}. */
    static void pack(long codes, long count, long packed) {
        for (long run = 0; run < count; run += RUN) {
            for (int i = 0; i < HALF_RUN; i++) {
                int low = NativeMemory.getByte(codes + run, i) + OFFSET;
                int high = NativeMemory.getByte(codes + run + HALF_RUN, i) + OFFSET;
                NativeMemory.setByte(packed + run / 2, i, low | high << 4);
            }
        }
    }

    /** Unpacks {@code count} codes, a multiple of {@link #RUN}, to a byte each. */
    static void unpack(long packed, long count, long codes) {
        if (!FITS) {
            unpackPlain(packed, count, codes);
            return;
        }
        for (long run = 0; run < count; run += RUN) {
            for (int i = 0; i < HALF_RUN; i += BYTES.length()) {
                ByteVector pairs = ByteVector.fromMemorySegment(BYTES, FloatLanes.ALL, packed + run / 2 + i, ORDER);
                ByteVector high = pairs.reinterpretAsInts()
                        .lanewise(VectorOperators.LSHR, 4)
                        .reinterpretAsBytes();
                pairs.and((byte) 0xf).sub((byte) OFFSET).intoMemorySegment(FloatLanes.ALL, codes + run + i, ORDER);
                high.and((byte) 0xf)
                        .sub((byte) OFFSET)
                        .intoMemorySegment(FloatLanes.ALL, codes + run + HALF_RUN + i, ORDER);
            }
        }
    }

    /** What {@link #unpack} does, byte by byte. */
    static void unpackPlain(long packed, long count, long codes) {
        for (long run = 0; run < count; run += RUN) {
            for (int i = 0; i < HALF_RUN; i++) {
                int pair = NativeMemory.getByte(packed + run / 2, i);
                NativeMemory.setByte(codes + run, i, (pair & 0xf) - OFFSET);
                NativeMemory.setByte(codes + run + HALF_RUN, i, (pair >> 4 & 0xf) - OFFSET);
            }
        }
    }
}
