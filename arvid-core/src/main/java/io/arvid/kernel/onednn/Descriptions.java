package io.arvid.kernel.onednn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** oneDNN's descriptions of two-dimensional memory, and the numbers of its C interface (oneDNN 3.11, {@code dnnl_types.h}). */
final class Descriptions {
    static final int BF16 = 2;
    static final int F32 = 3;
    static final int S8 = 5;
    static final int U8 = 6;
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
    private static final int ANY = 1;
    private static final int DIMENSIONS = 2;

    private Descriptions() {}

    /** A matrix in whatever order oneDNN likes. */
    static long any(OnednnFunctions functions, int type, long rows, long columns) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment shape = arena.allocateFrom(ValueLayout.JAVA_LONG, rows, columns);
            return functions.create("dnnl_memory_desc_create_with_tag", DIMENSIONS, shape.address(), type, ANY);
        }
    }

    /** A matrix with strides in elements. */
    static long strided(
            OnednnFunctions functions, int type, long rows, long columns, long rowStride, long columnStride) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment shape = arena.allocateFrom(ValueLayout.JAVA_LONG, rows, columns);
            MemorySegment strides = arena.allocateFrom(ValueLayout.JAVA_LONG, rowStride, columnStride);
            return functions.create(
                    "dnnl_memory_desc_create_with_strides", DIMENSIONS, shape.address(), type, strides.address());
        }
    }

    /** A vector of float32. */
    static long vector(OnednnFunctions functions, long length) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment shape = arena.allocateFrom(ValueLayout.JAVA_LONG, length);
            MemorySegment strides = arena.allocateFrom(ValueLayout.JAVA_LONG, 1L);
            return functions.create("dnnl_memory_desc_create_with_strides", 1, shape.address(), F32, strides.address());
        }
    }
}
