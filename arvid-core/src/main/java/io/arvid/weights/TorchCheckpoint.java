package io.arvid.weights;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.MappedFiles;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.SequencedMap;

/**
 * A file that {@code torch.save} wrote, mapped: its values, with tensors as views of the mapping that are not read before they are loaded.
 *
 * <p>The zip format (PyTorch 1.6 and later) holds one pickle, {@code NAME/data.pkl}, and one stored entry {@code NAME/data/KEY} a storage. The older
 * format is read by {@link LegacyTorchFile}. In both the pickle runs in {@link RestrictedUnpickler}, which cannot execute code. Refused: TorchScript
 * programs, big-endian files, compressed entries, and storages and tensors that do not lie inside the file.
 */
final class TorchCheckpoint implements AutoCloseable {
    /** A hundred times the pickle of the largest known checkpoint. */
    static final long MAX_PICKLE_BYTES = 64L << 20;

    private static final int MAX_BYTE_ORDER_BYTES = 16;

    private final Arena arena;
    private final Object root;

    private TorchCheckpoint(Arena arena, Object root) {
        this.arena = arena;
        this.root = root;
    }

    /**
     * Maps {@code file} and reads its structure.
     *
     * @throws CheckpointException where it is no such file, is broken, or asks for anything but tensors, dicts, lists, strings and numbers
     */
    static TorchCheckpoint open(Path file) {
        Arena arena = Arena.ofShared();
        try {
            MemorySegment memory = MappedFiles.map(file, arena);
            Object root = StoredZip.isZip(memory) ? readZip(file, memory) : LegacyTorchFile.read(file, memory);
            return new TorchCheckpoint(arena, root);
        } catch (IOException e) {
            arena.close();
            throw new CheckpointException(file, "cannot be read: " + e.getMessage());
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /** True where {@code file} begins like a checkpoint of PyTorch: a zip file, or the older format's magic number. */
    static boolean isTorch(Path file) {
        try (Arena arena = Arena.ofConfined();
                FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment memory = channel.map(FileChannel.MapMode.READ_ONLY, 0, Math.min(channel.size(), 32), arena);
            return StoredZip.isZip(memory) || LegacyTorchFile.isLegacy(memory);
        } catch (IOException e) {
            throw new CheckpointException(file, "cannot be read: " + e.getMessage());
        }
    }

    /** The saved value: a dict, list, string, number, {@link StoredTensor} or {@link RestrictedUnpickler.Special#NONE}. */
    Object root() {
        return root;
    }

    /** Owner of the mapping. */
    Arena arena() {
        return arena;
    }

    private static Object readZip(Path file, MemorySegment memory) {
        SequencedMap<String, MemorySegment> entries = StoredZip.contents(file, memory);
        List<String> pickles = entries.sequencedKeySet().stream()
                .filter(name -> name.endsWith("/data.pkl") && name.indexOf('/') == name.length() - 9)
                .toList();
        if (pickles.size() != 1) {
            throw new CheckpointException(
                    file, "not a PyTorch checkpoint: a zip file with " + pickles.size() + " entries NAME/data.pkl");
        }
        String folder = pickles.getFirst().substring(0, pickles.getFirst().indexOf('/') + 1);
        requireStateDict(file, entries, folder);
        MemorySegment pickle = entries.get(pickles.getFirst());
        if (pickle.byteSize() > MAX_PICKLE_BYTES) {
            throw new CheckpointException(file, "refused: a pickle of " + pickle.byteSize() + " bytes");
        }
        TorchGlobals globals =
                new TorchGlobals(file, (key, type, count) -> storage(file, entries, folder, key, type, count));
        ByteBuffer input = pickle.asByteBuffer();
        Object root = new RestrictedUnpickler(file, input, globals).read();
        if (input.hasRemaining()) {
            throw new CheckpointException(file, "refused: " + input.remaining() + " bytes follow its pickle");
        }
        return root;
    }

    private static void requireStateDict(Path file, SequencedMap<String, MemorySegment> entries, String folder) {
        if (entries.containsKey(folder + "constants.pkl")) {
            throw new CheckpointException(
                    file, "is a TorchScript program, not a checkpoint: save the state dict of its module instead");
        }
        MemorySegment order = entries.get(folder + "byteorder");
        if (order != null) {
            MemorySegment start = order.asSlice(0, Math.min(order.byteSize(), MAX_BYTE_ORDER_BYTES));
            String name = new String(start.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8).strip();
            if (!name.equals("little")) {
                throw new CheckpointException(
                        file, "was written in the byte order '" + name + "'; only little-endian checkpoints are read");
            }
        }
    }

    private static TorchStorage storage(
            Path file,
            SequencedMap<String, MemorySegment> entries,
            String folder,
            String key,
            DTypes type,
            long count) {
        MemorySegment data = entries.get(folder + "data/" + key);
        if (data == null) {
            throw new CheckpointException(
                    file, "refused: storage '" + key.replaceAll("[^\\x20-\\x7e]", "?") + "' is not in the file");
        }
        if (count < 0 || count > Long.MAX_VALUE / type.bytes() || count * type.bytes() != data.byteSize()) {
            throw new CheckpointException(
                    file,
                    "refused: storage '" + key + "' is said to have " + count + " elements of " + type + " and has "
                            + data.byteSize() + " bytes");
        }
        return new TorchStorage(type, count, data);
    }

    @Override
    public void close() {
        arena.close();
    }
}
