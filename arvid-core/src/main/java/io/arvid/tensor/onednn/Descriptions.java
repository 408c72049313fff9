package io.arvid.tensor.onednn;

import io.arvid.tensor.DTypes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** oneDNN's descriptions of two-dimensional memory, and the numbers of its C interface (oneDNN 3.11, {@code dnnl_types.h}). */
final class Descriptions {
    static final int ARG_SOURCE = 1;
    static final int ARG_TARGET = 17;
    static final int ARG_WEIGHTS = 33;
    static final int ARG_BIAS = 41;
    static final int ARG_SCRATCHPAD = 80;
    static final int ARG_SCALES = 4096;
    static final int QUERY_IMPLEMENTATION = 8;
    static final int QUERY_WEIGHTS = 131;
    static final int QUERY_SCRATCHPAD = 136;
    static final int USER_SCRATCHPAD = 1;
    static final int GELU_TANH = 0x2b;
    private static final int ANY = 1;
    private static final int DIMENSIONS = 2;

    private Descriptions() {}

    private static int number(DTypes type) {
        return switch (type) {
            case BF16 -> 2;
            case F32 -> 3;
            case I8 -> 5;
            case U8 -> 6;
            default -> throw new IllegalArgumentException("no product of oneDNN has " + type);
        };
    }

    /** A matrix in whatever order oneDNN likes. */
    static long any(OnednnFunctions functions, DTypes type, long rows, long columns) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment shape = arena.allocateFrom(ValueLayout.JAVA_LONG, rows, columns);
            return functions.create("dnnl_memory_desc_create_with_tag", DIMENSIONS, shape.address(), number(type), ANY);
        }
    }

    /** A matrix with strides in elements. */
    static long strided(
            OnednnFunctions functions, DTypes type, long rows, long columns, long rowStride, long columnStride) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment shape = arena.allocateFrom(ValueLayout.JAVA_LONG, rows, columns);
            MemorySegment strides = arena.allocateFrom(ValueLayout.JAVA_LONG, rowStride, columnStride);
            return functions.create(
                    "dnnl_memory_desc_create_with_strides",
                    DIMENSIONS,
                    shape.address(),
                    number(type),
                    strides.address());
        }
    }

    /** A vector of float32. */
    static long vector(OnednnFunctions functions, long length) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment shape = arena.allocateFrom(ValueLayout.JAVA_LONG, length);
            MemorySegment strides = arena.allocateFrom(ValueLayout.JAVA_LONG, 1L);
            return functions.create(
                    "dnnl_memory_desc_create_with_strides", 1, shape.address(), number(DTypes.F32), strides.address());
        }
    }
}
