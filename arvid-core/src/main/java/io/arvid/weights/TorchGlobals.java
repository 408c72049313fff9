package io.arvid.weights;

import io.arvid.tensor.DTypes;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names that a PyTorch checkpoint may ask for: OrderedDict, the four ways in which {@code torch.save} describes a tensor, sizes, element types
 * and storage types. Nothing else is found, whatever it is called.
 */
final class TorchGlobals implements RestrictedUnpickler.Globals {
    /** Finds the content of a storage. */
    @FunctionalInterface
    interface Storages {
        /** The storage {@code key} of {@code count} elements of {@code type}. */
        TorchStorage open(String key, DTypes type, long count);
    }

    private static final Map<String, DTypes> STORAGE_TYPES = Map.ofEntries(
            Map.entry("DoubleStorage", DTypes.F64),
            Map.entry("FloatStorage", DTypes.F32),
            Map.entry("HalfStorage", DTypes.F16),
            Map.entry("BFloat16Storage", DTypes.BF16),
            Map.entry("LongStorage", DTypes.I64),
            Map.entry("IntStorage", DTypes.I32),
            Map.entry("ShortStorage", DTypes.I16),
            Map.entry("CharStorage", DTypes.I8),
            Map.entry("ByteStorage", DTypes.U8),
            Map.entry("BoolStorage", DTypes.BOOL),
            Map.entry("UntypedStorage", DTypes.U8));

    private static final Map<String, DTypes> ELEMENT_TYPES = Map.ofEntries(
            Map.entry("float64", DTypes.F64),
            Map.entry("float32", DTypes.F32),
            Map.entry("float16", DTypes.F16),
            Map.entry("bfloat16", DTypes.BF16),
            Map.entry("int64", DTypes.I64),
            Map.entry("int32", DTypes.I32),
            Map.entry("int16", DTypes.I16),
            Map.entry("int8", DTypes.I8),
            Map.entry("uint8", DTypes.U8),
            Map.entry("bool", DTypes.BOOL));

    /** A storage class, which a pickle names and never calls. */
    private record StorageType(DTypes type) {}

    private final Path file;
    private final Storages storages;
    private final Map<String, TorchStorage> opened = new HashMap<>();
    /** Pairs that went into dicts: a pickle can name one list of them in every call. */
    private long copied;

    TorchGlobals(Path file, Storages storages) {
        this.file = file;
        this.storages = storages;
    }

    @Override
    public @Nullable Object find(String module, String name) {
        return switch (module) {
            case "collections" -> name.equals("OrderedDict") ? constructor(this::orderedDict) : null;
            case "torch._utils" ->
                switch (name) {
                    case "_rebuild_tensor" -> constructor(arguments -> tensor(name, arguments, 4, null));
                    case "_rebuild_tensor_v2" -> constructor(arguments -> tensor(name, arguments, 6, null));
                    case "_rebuild_tensor_v3" ->
                        constructor(
                                arguments -> tensor(name, arguments, 7, argument(name, arguments, 6, DTypes.class)));
                    case "_rebuild_parameter" ->
                        constructor(arguments -> argument(name, arguments, 0, StoredTensor.class));
                    default -> null;
                };
            case "torch" -> name.equals("Size") ? constructor(this::size) : torchName(name);
            case "torch.cuda", "torch.storage" -> storageType(name);
            default -> null;
        };
    }

    private static RestrictedUnpickler.Constructor constructor(RestrictedUnpickler.Constructor constructor) {
        return constructor;
    }

    private static @Nullable Object torchName(String name) {
        DTypes element = ELEMENT_TYPES.get(name);
        return element != null ? element : storageType(name);
    }

    private static @Nullable Object storageType(String name) {
        DTypes type = STORAGE_TYPES.get(name);
        return type == null ? null : new StorageType(type);
    }

    /** {@code ('storage', storage class, key, device, element count[, view])}; shared storages have one key. */
    @Override
    public Object persistent(Object id) {
        if (!(id instanceof List<?> parts)
                || parts.size() < 5
                || !parts.get(0).equals("storage")
                || !(parts.get(1) instanceof StorageType storageType)
                || !(parts.get(2) instanceof String key)
                || !(parts.get(4) instanceof Long count)) {
            throw bad("a persistent id that is not ('storage', type, key, device, count)");
        }
        if (parts.size() > 5 && parts.get(5) != RestrictedUnpickler.Special.NONE) {
            throw bad("a storage that is a view of another, as PyTorch before 0.4 wrote them: save it again");
        }
        DTypes type = storageType.type();
        TorchStorage storage = opened.computeIfAbsent(key, name -> storages.open(name, type, count));
        if (storage.type() != type || storage.count() != count) {
            throw bad("storage '" + key + "' once as " + storage.count() + " × " + storage.type() + ", once as " + count
                    + " × " + type);
        }
        return storage;
    }

    private Object orderedDict(List<Object> arguments) {
        Map<Object, Object> dict = new LinkedHashMap<>();
        List<?> pairs = arguments.isEmpty() ? List.of() : argument("OrderedDict", arguments, 0, List.class);
        copied += pairs.size();
        if (copied > RestrictedUnpickler.MAX_STEPS) {
            throw bad("dicts that are made of the same pairs again and again, more than "
                    + RestrictedUnpickler.MAX_STEPS + " in all");
        }
        for (Object pair : pairs) {
            if (!(pair instanceof List<?> two) || two.size() != 2 || !(two.get(0) instanceof String)) {
                throw bad("an OrderedDict of something else than (string, value) pairs");
            }
            dict.put(two.get(0), two.get(1));
        }
        return dict;
    }

    private Object size(List<Object> arguments) {
        List<?> sizes = argument("torch.Size", arguments, 0, List.class);
        if (sizes.size() > StoredTensor.MAX_DIMENSIONS) {
            throw bad("a torch.Size of " + sizes.size() + " dimensions");
        }
        return new ArrayList<Object>(sizes);
    }

    /** {@code (storage, offset, size, strides, …)}: gradients, hooks and metadata, which follow, say nothing about the values. */
    private StoredTensor tensor(String name, List<Object> arguments, int atLeast, @Nullable DTypes type) {
        if (arguments.size() < atLeast) {
            throw bad(name + " with " + arguments.size() + " arguments");
        }
        TorchStorage storage = argument(name, arguments, 0, TorchStorage.class);
        StoredTensor tensor = new StoredTensor(
                type == null ? storage : storage.as(type),
                argument(name, arguments, 1, Long.class),
                longs(name, argument(name, arguments, 2, List.class)),
                longs(name, argument(name, arguments, 3, List.class)));
        if (!tensor.defect().isEmpty()) {
            throw bad(tensor.defect() + " elements");
        }
        return tensor;
    }

    private long[] longs(String name, List<?> values) {
        long[] longs = new long[values.size()];
        for (int i = 0; i < longs.length; i++) {
            if (!(values.get(i) instanceof Long value)) {
                throw bad(name + " with a size or stride that is not a 64-bit integer");
            }
            longs[i] = value;
        }
        return longs;
    }

    private <T> T argument(String function, List<Object> arguments, int index, Class<T> type) {
        if (index >= arguments.size() || !type.isInstance(arguments.get(index))) {
            throw bad(function + " whose argument " + index + " is no " + type.getSimpleName());
        }
        return type.cast(arguments.get(index));
    }

    private CheckpointException bad(String what) {
        return new CheckpointException(file, "refused: the checkpoint holds " + what);
    }
}
