package io.arvid.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.MappedFiles;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Reader of the safetensors format: eight bytes little-endian header length, a JSON header of {@code name → {dtype, shape, data_offsets}}, then
 * the data. The file is mapped read-only and tensors are views of the mapping, so that opening costs no copy.
 *
 * <p>Refused: a header that is longer than the file or 100 MB, is not JSON, repeats a name, or lies about sizes; data that overlap or leave gaps.
 */
public final class SafetensorsFile {
    private static final long MAX_HEADER_BYTES = 100_000_000;
    private static final Pattern SHARD = Pattern.compile("(.*)-\\d{5}-of-\\d{5}\\.safetensors");
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** One tensor of a header: offsets count from the first data byte, end exclusive. */
    public record Entry(String name, DTypes type, long[] shape, long begin, long end) {}

    /** What a header says: tensors by offset, the free-form metadata, and where the data begin in the file. */
    public record Header(List<Entry> entries, Map<String, String> metadata, long dataStart) {}

    private SafetensorsFile() {}

    /**
     * Opens {@code file}: a safetensors file, or the {@code *.safetensors.index.json} of a sharded set.
     *
     * @throws CheckpointException where the file is missing, truncated or malformed
     */
    public static WeightMap open(Path file) {
        return isIndex(file) ? openSharded(file) : openSingle(file);
    }

    /** Reads and checks the header of {@code file} without touching its data. */
    public static Header header(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            return header(file, map(file, arena));
        }
    }

    /** Path of the index that {@code path} is a shard of, by their names; null where it is not called like a shard. */
    public static @Nullable String indexOfShard(String path) {
        Matcher shard = SHARD.matcher(path);
        return shard.matches() ? shard.group(1) + ".safetensors.index.json" : null;
    }

    /** {@code file} and, where it is an index, its shards. */
    static List<Path> parts(Path file) {
        List<Path> parts = new ArrayList<>(List.of(file));
        if (isIndex(file)) {
            shardOfTensor(file).values().stream()
                    .distinct()
                    .sorted()
                    .map(file::resolveSibling)
                    .forEach(parts::add);
        }
        return parts;
    }

    private static boolean isIndex(Path file) {
        return file.getFileName().toString().endsWith(".index.json");
    }

    private static WeightMap openSingle(Path file) {
        Arena arena = Arena.ofShared();
        try (TensorScope scope = TensorScope.open()) {
            MemorySegment memory = map(file, arena);
            Header header = header(file, memory);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (Entry entry : header.entries()) {
                MemorySegment data = memory.asSlice(header.dataStart() + entry.begin(), entry.end() - entry.begin());
                boolean aligned = data.address() % entry.type().bytes() == 0;
                MemorySegment usable =
                        aligned ? data : arena.allocate(data.byteSize(), 64).copyFrom(data);
                tensors.put(entry.name(), Tensors.view(usable, entry.type(), entry.shape()));
            }
            return WeightMap.backedBy(tensors, arena::close);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static WeightMap openSharded(Path index) {
        Map<String, WeightMap> shards = new LinkedHashMap<>();
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try {
            shardOfTensor(index).forEach((name, shard) -> {
                WeightMap weights = shards.computeIfAbsent(shard, s -> openSingle(index.resolveSibling(s)));
                if (!weights.has(name)) {
                    throw notInItsShard(index, name, shard);
                }
                tensors.put(name, weights.get(name));
            });
        } catch (RuntimeException e) {
            shards.values().forEach(WeightMap::close);
            throw e;
        }
        return WeightMap.backedBy(tensors, () -> shards.values().forEach(WeightMap::close));
    }

    /** The header of {@code file}, or of the set that it is the index of, which has no metadata of its own; without touching the data. */
    static Header listing(Path file) {
        if (!isIndex(file)) {
            return header(file);
        }
        Map<String, Map<String, Entry>> shards = new HashMap<>();
        List<Entry> entries = new ArrayList<>();
        shardOfTensor(file).forEach((name, shard) -> {
            Map<String, Entry> inShard = shards.computeIfAbsent(shard, s -> {
                Map<String, Entry> byName = new HashMap<>();
                header(file.resolveSibling(s)).entries().forEach(entry -> byName.put(entry.name(), entry));
                return byName;
            });
            if (!inShard.containsKey(name)) {
                throw notInItsShard(file, name, shard);
            }
            entries.add(inShard.get(name));
        });
        return new Header(entries, Map.of(), 0);
    }

    private static CheckpointException notInItsShard(Path index, String name, String shard) {
        return new CheckpointException(index, name + " is not in its shard " + shard);
    }

    private static SequencedMap<String, String> shardOfTensor(Path index) {
        JsonNode map = parse(index, readAll(index)).path("weight_map");
        if (!map.isObject()) {
            throw new CheckpointException(index, "no weight_map in the index of a sharded checkpoint");
        }
        SequencedMap<String, String> shards = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            String shard = entry.getValue().asText();
            boolean leaves = shard.contains("/")
                    || shard.contains("\\")
                    || shard.equals("..")
                    || shard.chars().anyMatch(Character::isISOControl);
            if (!entry.getValue().isTextual() || leaves) {
                throw new CheckpointException(
                        index, "shard name '" + shard.replaceAll("\\p{Cntrl}", "?") + "' leaves the folder");
            }
            shards.put(entry.getKey(), shard);
        }
        return shards;
    }

    private static MemorySegment map(Path file, Arena arena) {
        if (!Files.isRegularFile(file)) {
            throw new MissingFileException(file, "no such file");
        }
        try {
            return MappedFiles.map(file, arena);
        } catch (IOException e) {
            throw new CheckpointException(file, "cannot be read: " + e.getMessage());
        }
    }

    private static Header header(Path file, MemorySegment memory) {
        if (memory.byteSize() < 8) {
            throw new CheckpointException(
                    file, "truncated: " + memory.byteSize() + " bytes are too few for safetensors");
        }
        long length = memory.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
        if (length < 2 || length > MAX_HEADER_BYTES || length > memory.byteSize() - 8) {
            throw new CheckpointException(
                    file,
                    "not safetensors, or truncated: header length " + Long.toUnsignedString(length) + " in a file of "
                            + memory.byteSize() + " bytes");
        }
        JsonNode root = parse(file, utf8(file, memory.asSlice(8, length)));
        requireObject(file, root);
        Map<String, String> metadata = new LinkedHashMap<>();
        List<Entry> entries = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : root.properties()) {
            if (field.getKey().equals("__metadata__")) {
                for (Map.Entry<String, JsonNode> note :
                        requireObject(file, field.getValue()).properties()) {
                    if (!note.getValue().isTextual()) {
                        throw new CheckpointException(file, "__metadata__ '" + note.getKey() + "' is not a string");
                    }
                    metadata.put(note.getKey(), note.getValue().asText());
                }
            } else {
                entries.add(entry(file, field.getKey(), field.getValue()));
            }
        }
        entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        requireContiguous(file, entries, memory.byteSize() - 8 - length);
        return new Header(List.copyOf(entries), metadata, 8 + length);
    }

    private static String utf8(Path file, MemorySegment bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(bytes.asByteBuffer())
                    .toString();
        } catch (CharacterCodingException e) {
            throw new CheckpointException(file, "the header is not UTF-8");
        }
    }

    private static JsonNode requireObject(Path file, JsonNode node) {
        if (!node.isObject()) {
            throw new CheckpointException(file, "the header is not a JSON object of JSON objects");
        }
        return node;
    }

    private static Entry entry(Path file, String name, JsonNode node) {
        JsonNode offsets = node.path("data_offsets");
        JsonNode dims = node.path("shape");
        if (!node.path("dtype").isTextual() || !dims.isArray() || !offsets.isArray() || offsets.size() != 2) {
            throw new CheckpointException(file, "tensor '" + name + "' has no dtype, shape or data_offsets");
        }
        DTypes type;
        try {
            type = DTypes.ofSafetensorsName(node.path("dtype").asText());
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file, "tensor '" + name + "': " + e.getMessage());
        }
        long[] shape = new long[dims.size()];
        long bytes = type.bytes();
        try {
            for (int i = 0; i < shape.length; i++) {
                shape[i] = wholeNumber(file, name, dims.get(i));
                bytes = Math.multiplyExact(bytes, shape[i]);
            }
        } catch (ArithmeticException e) {
            throw new CheckpointException(file, "tensor '" + name + "' is larger than any memory");
        }
        long begin = wholeNumber(file, name, offsets.get(0));
        long end = wholeNumber(file, name, offsets.get(1));
        if (end < begin || end - begin != bytes) {
            throw new CheckpointException(
                    file,
                    "tensor '" + name + "' needs " + bytes + " bytes, its offsets " + begin + " to " + end + " hold "
                            + (end - begin));
        }
        return new Entry(name, type, shape, begin, end);
    }

    private static long wholeNumber(Path file, String name, JsonNode node) {
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.asLong() < 0) {
            throw new CheckpointException(file, "tensor '" + name + "' has the size or offset " + node);
        }
        return node.asLong();
    }

    private static void requireContiguous(Path file, List<Entry> entries, long dataBytes) {
        long next = 0;
        for (Entry entry : entries) {
            if (entry.begin() != next) {
                throw new CheckpointException(
                        file,
                        "tensor '" + entry.name() + "' begins at byte " + entry.begin() + " of the data, not at "
                                + next);
            }
            next = entry.end();
        }
        if (next != dataBytes) {
            throw new CheckpointException(
                    file,
                    "the header describes " + next + " bytes of data, the file holds " + dataBytes
                            + (next > dataBytes ? ": truncated" : ""));
        }
    }

    private static String readAll(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new CheckpointException(file, "cannot be read: " + e.getMessage());
        }
    }

    private static JsonNode parse(Path file, String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new CheckpointException(file, "broken JSON: " + e.getOriginalMessage());
        }
    }
}
