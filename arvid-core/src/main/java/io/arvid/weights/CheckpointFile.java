package io.arvid.weights;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/**
 * A checkpoint of any format that arvid reads, told apart by its first bytes: safetensors (one file, or the index of a sharded set) and PyTorch's
 * zip and older formats.
 *
 * <p>A checkpoint is one or several groups of named tensors. A safetensors file has one, called {@code ""}; a PyTorch file has one for each of its
 * top-level dicts that hold tensors, such as {@code generator}, {@code generator_ema} and {@code critic}, and {@code ""} for tensors at the top.
 */
public final class CheckpointFile {
    private static final int MAX_DEPTH = 64;
    private static final int MAX_VALUES = 1_000_000;
    /** Characters of a name; ten times those of the largest known checkpoint. */
    private static final int MAX_NAME = 1000;
    /** Characters of all names together; a hundred times those of the largest known checkpoint. */
    private static final int MAX_NAMES = 32 << 20;

    /** How a checkpoint is stored. */
    public enum Format {
        SAFETENSORS,
        TORCH
    }

    /** Name, number type and shape of one tensor. */
    public record TensorInfo(String name, DTypes type, long[] shape) {
        /** Number of entries. */
        public long count() {
            long count = 1;
            for (long size : shape) {
                count *= size;
            }
            return count;
        }
    }

    /** Tensors that belong together, in file order. */
    public record Group(String name, List<TensorInfo> tensors) {}

    /**
     * What a checkpoint holds.
     *
     * @param notes what is in it beside tensors: safetensors metadata, or numbers and strings of a PyTorch file
     */
    public record Contents(Path file, Format format, List<Group> groups, SequencedMap<String, String> notes) {}

    private CheckpointFile() {}

    /** The files that {@code file} consists of: itself and, where it is the index of a sharded set, the shards. */
    public static List<Path> parts(Path file) {
        return SafetensorsFile.parts(file);
    }

    /** Lists what {@code file} holds without reading any tensor's values. */
    public static Contents describe(Path file) {
        return describe(file, formatOf(file));
    }

    private static Contents describe(Path file, Format format) {
        if (format == Format.SAFETENSORS) {
            SafetensorsFile.Header header = SafetensorsFile.listing(file);
            List<TensorInfo> tensors = header.entries().stream()
                    .map(entry -> new TensorInfo(entry.name(), entry.type(), entry.shape()))
                    .toList();
            return new Contents(file, format, List.of(new Group("", tensors)), new LinkedHashMap<>(header.metadata()));
        }
        try (TorchCheckpoint checkpoint = TorchCheckpoint.open(file)) {
            Walk walk = Walk.over(file, checkpoint.root());
            List<Group> groups = new ArrayList<>();
            walk.groups.forEach((group, tensors) -> {
                List<TensorInfo> infos = new ArrayList<>();
                tensors.forEach((name, tensor) -> infos.add(new TensorInfo(name, tensor.type(), tensor.shape())));
                groups.add(new Group(group, infos));
            });
            return new Contents(file, format, groups, walk.notes);
        }
    }

    /**
     * Opens one group of {@code file}; tensors are views of the mapped file wherever their layout allows it.
     *
     * @param group name of the group
     * @param rename new name of a tensor from its name in the file; two tensors must not get one name
     */
    public static WeightMap load(Path file, String group, UnaryOperator<String> rename) {
        return loadRenamed(file, group, names -> rename);
    }

    /** The same with a renaming that depends on the names in the file. */
    public static WeightMap loadRenamed(
            Path file, String group, Function<Collection<String>, UnaryOperator<String>> renaming) {
        if (formatOf(file) == Format.SAFETENSORS) {
            requireGroup(file, group, List.of(""));
        }
        WeightMap weights = formatOf(file) == Format.SAFETENSORS ? SafetensorsFile.open(file) : loadTorch(file, group);
        return weights.renamed(renaming.apply(weights.names()));
    }

    private static WeightMap loadTorch(Path file, String group) {
        TorchCheckpoint checkpoint = TorchCheckpoint.open(file);
        try (TensorScope scope = TensorScope.open()) {
            SequencedMap<String, SequencedMap<String, StoredTensor>> groups = Walk.over(file, checkpoint.root()).groups;
            requireGroup(file, group, List.copyOf(groups.sequencedKeySet()));
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            groups.get(group).forEach((name, stored) -> tensors.put(name, stored.load(checkpoint.arena())));
            return WeightMap.backedBy(tensors, checkpoint);
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    private static void requireGroup(Path file, String group, List<String> known) {
        if (!known.contains(group)) {
            throw new CheckpointException(file, "has no group '" + group + "'; it has " + known);
        }
    }

    private static Format formatOf(Path file) {
        if (Files.isDirectory(file)) {
            throw new CheckpointException(file, "is a folder");
        }
        if (!Files.isRegularFile(file)) {
            throw new MissingFileException(file, "no such file");
        }
        try {
            if (Files.size(file) == 0) {
                throw new CheckpointException(file, "is empty");
            }
        } catch (IOException e) {
            throw new CheckpointException(file, "cannot be read: " + e.getMessage());
        }
        return TorchCheckpoint.isTorch(file) ? Format.TORCH : Format.SAFETENSORS;
    }

    /** Sorts the values of a PyTorch file into groups of tensors and notes. */
    private static final class Walk {
        private final Path file;
        private final SequencedMap<String, SequencedMap<String, StoredTensor>> groups = new LinkedHashMap<>();
        private final SequencedMap<String, String> notes = new LinkedHashMap<>();
        private int visited;
        private long characters;

        private Walk(Path file) {
            this.file = file;
        }

        static Walk over(Path file, Object root) {
            Walk walk = new Walk(file);
            if (root instanceof Map<?, ?> dict) {
                dict.forEach((key, value) -> {
                    boolean leaf = !(value instanceof Map<?, ?> || value instanceof List<?>);
                    walk.visit(leaf ? "" : key.toString(), leaf ? key.toString() : "", value, 1);
                });
            } else {
                walk.visit("", "", root, 0);
            }
            return walk;
        }

        private void visit(String group, String name, Object value, int depth) {
            if (depth > MAX_DEPTH || ++visited > MAX_VALUES) {
                throw new CheckpointException(
                        file, "refused: its values are nested deeper or wider than any checkpoint's");
            }
            switch (value) {
                case StoredTensor tensor -> {
                    String key = name.isEmpty() ? "tensor" : name;
                    if (groups.computeIfAbsent(group, g -> new LinkedHashMap<>())
                                    .putIfAbsent(key, tensor)
                            != null) {
                        throw new CheckpointException(file, "refused: it holds two tensors called '" + key + "'");
                    }
                }
                case Map<?, ?> dict ->
                    dict.forEach((key, item) -> visit(group, join(name, key.toString()), item, depth + 1));
                case List<?> list -> {
                    for (int i = 0; i < list.size(); i++) {
                        visit(group, join(name, Integer.toString(i)), list.get(i), depth + 1);
                    }
                }
                case RestrictedUnpickler.Special none -> {}
                default -> notes.put(join(group, name), value.toString());
            }
        }

        /** A pickle can put one long key in front of very many names: together they may be far longer than the file. */
        private String join(String prefix, String name) {
            int length = prefix.length() + name.length();
            characters += length;
            if (length > MAX_NAME || characters > MAX_NAMES) {
                throw new CheckpointException(
                        file,
                        "refused: its names are longer than any checkpoint's, over " + MAX_NAME + " characters or "
                                + MAX_NAMES + " together");
            }
            return prefix.isEmpty() ? name : prefix + "." + name;
        }
    }
}
