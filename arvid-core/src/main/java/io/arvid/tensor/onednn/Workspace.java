package io.arvid.tensor.onednn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What one thread needs to run primitives: a stream, room for their arguments, scratch memory that grows. */
final class Workspace {
    private static final int ARGUMENTS = 8;
    private static final int ARGUMENT_BYTES = 16;
    private static final int IN_ORDER = 1;
    private static final long ALIGNMENT = 64;

    private final OnednnFunctions functions;
    private final long engine;
    private final long stream;
    private final MemorySegment arguments = Arena.ofAuto().allocate((long) ARGUMENTS * ARGUMENT_BYTES, ALIGNMENT);
    private MemorySegment scratch = Arena.ofAuto().allocate(ALIGNMENT, ALIGNMENT);
    private int count;

    Workspace(OnednnFunctions functions, long engine) {
        this.functions = functions;
        this.engine = engine;
        this.stream = functions.create("dnnl_stream_create", engine, IN_ORDER);
    }

    /** Address of at least {@code bytes} of scratch memory. */
    long scratch(long bytes) {
        if (scratch.byteSize() < bytes) {
            scratch = Arena.ofAuto().allocate(bytes, ALIGNMENT);
        }
        return scratch.address();
    }

    /** Adds an argument of the next {@link #execute}. */
    void argument(int number, long description, long data) {
        long at = (long) count++ * ARGUMENT_BYTES;
        arguments.set(ValueLayout.JAVA_INT, at, number);
        functions.memory(arguments.address() + at + Long.BYTES, description, engine, data);
    }

    /** Runs {@code primitive} with the arguments added since the last call. */
    void execute(long primitive) {
        try {
            functions.execute(primitive, stream, count, arguments.address());
        } finally {
            for (int i = 0; i < count; i++) {
                functions.destroyMemory(arguments.get(ValueLayout.JAVA_LONG, (long) i * ARGUMENT_BYTES + Long.BYTES));
            }
            count = 0;
        }
    }
}
