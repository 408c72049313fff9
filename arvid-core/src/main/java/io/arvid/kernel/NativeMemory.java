package io.arvid.kernel;

import io.arvid.tensor.FloatLanes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Numbers at addresses: the fast loops check their bounds once, outside. */
final class NativeMemory {
    private static final MemorySegment ALL = FloatLanes.ALL;
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;

    private NativeMemory() {}

    /** The number of index {@code i} from {@code address}: bfloat16 or float32. */
    static float get(long address, int i, boolean bf16) {
        return bf16 ? Float.intBitsToFloat(ALL.get(I16, address + 2L * i) << 16) : ALL.get(F32, address + 4L * i);
    }

    /** The float32 number of index {@code i} from {@code address}. */
    static float get(long address, int i) {
        return ALL.get(F32, address + 4L * i);
    }

    /** Writes a float32 number, or its nearest bfloat16, half to even. */
    static void set(long address, int i, float value, boolean bf16) {
        if (bf16) {
            int bits = Float.floatToRawIntBits(value);
            ALL.set(I16, address + 2L * i, (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16));
        } else {
            ALL.set(F32, address + 4L * i, value);
        }
    }

    /** Copies {@code bytes} that do not overlap. */
    static void copy(long from, long to, long bytes) {
        MemorySegment.copy(ALL, from, ALL, to, bytes);
    }

    /** Reads a byte. */
    static int getByte(long address, int i) {
        return ALL.get(ValueLayout.JAVA_BYTE, address + i);
    }

    /** Writes a byte. */
    static void setByte(long address, int i, int value) {
        ALL.set(ValueLayout.JAVA_BYTE, address + i, (byte) value);
    }
}
