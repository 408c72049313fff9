package io.arvid.rollout;

import io.arvid.tensor.DiskBlocks;
import io.arvid.tensor.Tensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Keys and values in mapped files, a file a block: they outlive the process, even a killed one, and the operating system may write them out where memory
 * is short. Their place on the disk is set aside when they are made.
 */
public final class MappedKvStore extends DenseKvStore {
    private final Arena arena;

    private MappedKvStore(MemorySegment memory, Arena arena, Shape shape) {
        super(part(memory, shape, 0), part(memory, shape, 1));
        this.arena = arena;
    }

    /** Stores in {@code folder}, which hold what an earlier run of the same shape left there. */
    public static KvStore.Factory in(Path folder) {
        return shape -> open(folder.resolve("kv-" + shape.block() + ".bin"), shape);
    }

    private static MappedKvStore open(Path file, Shape shape) {
        Arena arena = Arena.ofShared();
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            long bytes = 2 * elements(shape) * shape.type().bytes();
            DiskBlocks.reserve(file, bytes);
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                MemorySegment memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
                return new MappedKvStore(memory, arena, shape);
            }
        } catch (IOException e) {
            arena.close();
            throw new UncheckedIOException("cannot keep keys and values in " + file + ": " + e.getMessage(), e);
        }
    }

    private static long elements(Shape shape) {
        return (long) shape.batch() * shape.heads() * shape.slots() * shape.headDim();
    }

    private static org.bytedeco.pytorch.Tensor part(MemorySegment memory, Shape shape, int index) {
        long bytes = elements(shape) * shape.type().bytes();
        return Tensors.view(
                memory.asSlice(index * bytes, bytes),
                shape.type(),
                shape.batch(),
                shape.heads(),
                shape.slots(),
                shape.headDim());
    }

    @Override
    public void close() {
        super.close();
        arena.close();
    }
}
