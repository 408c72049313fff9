package io.arvid.weights;

import io.arvid.tensor.DTypes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The format of {@code torch.save} before PyTorch 1.6: five pickles one after the other (a magic number, the protocol version, the writer's system,
 * the value, the keys of its storages), then for each key an element count (int64) and the elements (PyTorch {@code torch/serialization.py},
 * {@code _legacy_save}).
 *
 * <p>The value comes before the storages that it speaks of, so it is read twice: first to learn their types, then with their places.
 */
final class LegacyTorchFile {
    private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final byte[] MAGIC_PICKLE = {
        (byte) 0x80,
        2,
        (byte) 0x8a,
        10,
        0x6c,
        (byte) 0xfc,
        (byte) 0x9c,
        0x46,
        (byte) 0xf9,
        0x20,
        0x6a,
        (byte) 0xa8,
        0x50,
        0x19
    };
    private static final long PROTOCOL = 1001;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Type and element count of a storage, as the pickle tells them. */
    private record Announced(DTypes type, long count) {}

    private final Path file;
    private final MemorySegment memory;
    private final ByteBuffer input;

    private LegacyTorchFile(Path file, MemorySegment memory) {
        this.file = file;
        this.memory = memory;
        this.input = memory.asSlice(0, Math.min(memory.byteSize(), TorchCheckpoint.MAX_PICKLE_BYTES))
                .asByteBuffer();
    }

    /** True where {@code memory} begins with the format's magic number. */
    static boolean isLegacy(MemorySegment memory) {
        return memory.byteSize() >= MAGIC_PICKLE.length
                && memory.asSlice(0, MAGIC_PICKLE.length).mismatch(MemorySegment.ofArray(MAGIC_PICKLE)) == -1;
    }

    /** The value saved in {@code memory}. */
    static Object read(Path file, MemorySegment memory) {
        if (!isLegacy(memory)) {
            throw new CheckpointException(
                    file,
                    "is neither a zip checkpoint nor one of PyTorch's older format: its first bytes are of another kind");
        }
        return new LegacyTorchFile(file, memory).read();
    }

    private Object read() {
        requireHeader();
        int valueAt = input.position();
        SequencedMap<String, Announced> announced = new LinkedHashMap<>();
        value((key, type, count) -> {
            announced.put(key, new Announced(type, requireCount(key, type, count)));
            return new TorchStorage(type, count, MemorySegment.NULL);
        });
        Map<String, TorchStorage> storages = locate(keys(), announced);
        input.position(valueAt);
        return value((key, type, count) -> storages.get(key));
    }

    private void requireHeader() {
        TorchGlobals none = new TorchGlobals(file, (key, type, count) -> {
            throw new CheckpointException(file, "refused: a storage in its header");
        });
        Object magic = new RestrictedUnpickler(file, input, none).read();
        Object protocol = new RestrictedUnpickler(file, input, none).read();
        Object system = new RestrictedUnpickler(file, input, none).read();
        if (!magic.equals(MAGIC) || !protocol.equals(PROTOCOL) || !(system instanceof Map<?, ?> facts)) {
            throw new CheckpointException(file, "refused: the header of PyTorch's older format is broken");
        }
        if (!Boolean.TRUE.equals(facts.get("little_endian"))) {
            throw new CheckpointException(
                    file, "was written on a big-endian machine; only little-endian checkpoints are read");
        }
    }

    private Object value(TorchGlobals.Storages storages) {
        return new RestrictedUnpickler(file, input, new TorchGlobals(file, storages)).read();
    }

    private List<String> keys() {
        Object keys = value((key, type, count) -> {
            throw new CheckpointException(file, "refused: a storage in the list of storages");
        });
        List<String> names = new ArrayList<>();
        for (Object key : keys instanceof List<?> list ? list : List.of()) {
            if (!(key instanceof String name)) {
                throw new CheckpointException(file, "refused: its list of storages holds something that is no name");
            }
            names.add(name);
        }
        return names;
    }

    private Map<String, TorchStorage> locate(List<String> keys, SequencedMap<String, Announced> announced) {
        Map<String, TorchStorage> storages = new LinkedHashMap<>();
        long at = input.position();
        for (String key : keys) {
            Announced storage = announced.get(key);
            long bytes = storage == null ? 0 : storage.count() * storage.type().bytes();
            if (storage == null || at > memory.byteSize() - 8 || bytes > memory.byteSize() - 8 - at) {
                throw new CheckpointException(file, "truncated: storage '" + key + "' is not in the file");
            }
            if (memory.get(LONG, at) != storage.count()) {
                throw new CheckpointException(
                        file,
                        "refused: storage '" + key + "' is said to have " + storage.count() + " elements and has "
                                + memory.get(LONG, at));
            }
            storages.put(key, new TorchStorage(storage.type(), storage.count(), memory.asSlice(at + 8, bytes)));
            at += 8 + bytes;
        }
        for (String key : announced.keySet()) {
            if (!storages.containsKey(key)) {
                throw new CheckpointException(file, "truncated: storage '" + key + "' is not in the file");
            }
        }
        return storages;
    }

    private long requireCount(String key, DTypes type, long count) {
        if (count < 0 || count > memory.byteSize() / type.bytes()) {
            throw new CheckpointException(
                    file,
                    "refused: storage '" + key + "' is said to have " + count + " elements of " + type
                            + " in a file of " + memory.byteSize() + " bytes");
        }
        return count;
    }
}
