package io.arvid.tensor;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Files of weights that are mapped for reading. What was copied out of one need not stay in memory twice: its pages can be given back, and come again from the
 * file when they are read.
 */
public final class MappedFiles {
    private static final ConcurrentSkipListMap<Long, MemorySegment> BY_ADDRESS = new ConcurrentSkipListMap<>();

    private MappedFiles() {}

    /** The whole of {@code file}, read-only, until {@code arena} closes. */
    public static MemorySegment map(Path file, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment memory = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            BY_ADDRESS.values().removeIf(segment -> !segment.scope().isAlive());
            if (memory.byteSize() > 0) {
                BY_ADDRESS.put(memory.address(), memory);
            }
            return memory;
        }
    }

    /** True where all of {@code tensor} lies in a mapped file. */
    public static boolean hold(Tensor tensor) {
        return slice(tensor) != null;
    }

    /** Gives the pages of {@code tensor} back, where it lies in a mapped file; its values stay what they are. */
    public static void giveBack(Tensor tensor) {
        MemorySegment slice = slice(tensor);
        if (slice != null) {
            slice.unload();
        }
    }

    private static @Nullable MemorySegment slice(Tensor tensor) {
        if (!tensor.is_cpu() || tensor.numel() == 0 || !tensor.is_contiguous()) {
            return null;
        }
        long address = tensor.data_ptr().address();
        Map.Entry<Long, MemorySegment> below = BY_ADDRESS.floorEntry(address);
        if (below == null || !below.getValue().scope().isAlive()) {
            return null;
        }
        long offset = address - below.getKey();
        return offset + tensor.nbytes() <= below.getValue().byteSize()
                ? below.getValue().asSlice(offset, tensor.nbytes())
                : null;
    }
}
