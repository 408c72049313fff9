package io.arvid.tensor.onednn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Scratch memory for a purpose: one block a thread, used again every time. */
public final class TileMemory {
    private static final long ALIGNMENT = 64;
    private final ThreadLocal<MemorySegment> blocks =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(ALIGNMENT, ALIGNMENT));

    /** Address of at least {@code bytes}, whose content is undefined. */
    public long of(long bytes) {
        MemorySegment block = blocks.get();
        if (block.byteSize() < bytes) {
            block = Arena.ofAuto().allocate(bytes, ALIGNMENT);
            blocks.set(block);
        }
        return block.address();
    }
}
