package io.arvid.weights;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Devices;
import io.arvid.tensor.MappedFiles;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/**
 * Named tensors in a fixed order: the parameters of a model. Owns its tensors, and through {@code backing} the mapped file that they may lie in:
 * closing it invalidates both.
 */
public final class WeightMap implements AutoCloseable {
    private final SequencedMap<String, Tensor> tensors;
    private final AutoCloseable backing;

    private WeightMap(SequencedMap<String, Tensor> tensors, AutoCloseable backing) {
        this.tensors = Collections.unmodifiableSequencedMap(tensors);
        this.backing = backing;
    }

    /** Takes ownership of {@code tensors}. */
    public static WeightMap of(Map<String, Tensor> tensors) {
        return backedBy(tensors, () -> {});
    }

    /** Takes ownership of {@code tensors} and of the memory that they lie in. */
    static WeightMap backedBy(Map<String, Tensor> tensors, AutoCloseable backing) {
        LinkedHashMap<String, Tensor> owned = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> owned.put(name, TensorScope.own(tensor)));
        return new WeightMap(owned, backing);
    }

    /**
     * The same tensors under other names; this map gives them away and must not be used or closed any more.
     *
     * @throws CheckpointException where two tensors would get one name; everything is then released
     */
    public WeightMap renamed(UnaryOperator<String> rename) {
        LinkedHashMap<String, Tensor> renamed = new LinkedHashMap<>();
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            String name = rename.apply(entry.getKey());
            if (renamed.putIfAbsent(name, entry.getValue()) != null) {
                close();
                throw new CheckpointException("two tensors would both be called '" + name + "'");
            }
        }
        return new WeightMap(renamed, backing);
    }

    /** Names in file order. */
    public Set<String> names() {
        return tensors.sequencedKeySet();
    }

    /** The tensor called {@code name}; a {@link CheckpointException} where there is none. */
    public Tensor get(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new CheckpointException("no tensor named '" + name + "'");
        }
        return tensor;
    }

    /** True where a tensor called {@code name} is there. */
    public boolean has(String name) {
        return tensors.containsKey(name);
    }

    /** Name and tensor, in file order. */
    public SequencedMap<String, Tensor> entries() {
        return tensors;
    }

    /** Number of parameters. */
    public long parameterCount() {
        return tensors.values().stream().mapToLong(Tensor::numel).sum();
    }

    /** Bytes of all tensors in their own types. */
    public long bytes() {
        return tensors.values().stream().mapToLong(Tensor::nbytes).sum();
    }

    /**
     * The same parameters on the device that computes: this map where that is the CPU, whose mapped tensors are used in place; otherwise copies, and this map
     * is closed.
     */
    public WeightMap onCurrentDevice() {
        return Devices.current().isCuda() ? copying(tensor -> true, Devices::toCurrent) : this;
    }

    /**
     * The same with floating tensors in {@code type}. On the CPU, tensors that have it already are used in place; the others are copied one by one, and the
     * mapped pages that they were read from are given back.
     */
    public WeightMap onCurrentDevice(DTypes type) {
        return copying(
                tensor -> Devices.current().isCuda() || isOfAnother(type, tensor),
                tensor -> Devices.toCurrent(isOfAnother(type, tensor) ? Ops.to(tensor, type) : tensor));
    }

    /** Bytes of the copies that {@link #onCurrentDevice(DTypes)} makes on the CPU. */
    public long bytesToConvert(DTypes type) {
        return tensors.values().stream()
                .filter(tensor -> isOfAnother(type, tensor))
                .mapToLong(tensor -> tensor.numel() * type.bytes())
                .sum();
    }

    /** Bytes of the tensors that {@link #onCurrentDevice(DTypes)} leaves where they are. */
    public long bytesInPlace(DTypes type) {
        return tensors.values().stream()
                .filter(tensor -> !isOfAnother(type, tensor))
                .mapToLong(Tensor::nbytes)
                .sum();
    }

    private static boolean isOfAnother(DTypes type, Tensor tensor) {
        DTypes own = DTypes.of(tensor);
        return own.isFloating() && own != type;
    }

    /** Copies of the {@code wanted} tensors and the others as they are: this map, if none is wanted; else it must not be used or closed any more. */
    private WeightMap copying(Predicate<Tensor> wanted, UnaryOperator<Tensor> copy) {
        LinkedHashMap<String, Tensor> all = new LinkedHashMap<>(tensors);
        List<Tensor> replaced = tensors.values().stream().filter(wanted).toList();
        if (replaced.isEmpty()) {
            return this;
        }
        all.replaceAll((name, tensor) -> wanted.test(tensor) ? owned(tensor, copy) : tensor);
        if (replaced.size() == all.size()) {
            close();
            return new WeightMap(all, () -> {});
        }
        replaced.forEach(Tensor::close);
        return new WeightMap(all, backing);
    }

    private static Tensor owned(Tensor tensor, UnaryOperator<Tensor> copy) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor made = TensorScope.own(copy.apply(tensor));
            MappedFiles.giveBack(tensor);
            return made;
        }
    }

    /** A copy with every floating tensor in {@code type}; independent of this map and its file. */
    public WeightMap to(DTypes type) {
        try (TensorScope scope = TensorScope.open()) {
            LinkedHashMap<String, Tensor> converted = new LinkedHashMap<>();
            tensors.forEach((name, tensor) -> converted.put(
                    name,
                    DTypes.of(tensor).isFloating()
                            ? tensor.to(type.torch(), false, true, new org.bytedeco.pytorch.MemoryFormatOptional())
                            : tensor.clone(new org.bytedeco.pytorch.MemoryFormatOptional())));
            return of(converted);
        }
    }

    /**
     * Checks names and shapes against {@code expected}; all defects are named in one {@link CheckpointException}.
     *
     * @param what what is being loaded, for the message
     */
    public void requireShapes(String what, Map<String, long[]> expected) {
        List<String> defects = new ArrayList<>();
        expected.forEach((name, shape) -> {
            Tensor tensor = tensors.get(name);
            if (tensor == null) {
                defects.add("missing " + name + " " + Arrays.toString(shape));
            } else if (!Arrays.equals(Tensors.shape(tensor), shape)) {
                defects.add(name + " is " + Arrays.toString(Tensors.shape(tensor)) + ", not " + Arrays.toString(shape));
            }
        });
        tensors.keySet().stream()
                .filter(name -> !expected.containsKey(name))
                .forEach(name -> defects.add("unexpected " + name));
        if (!defects.isEmpty()) {
            throw new CheckpointException(what + ": " + defects.size() + " defects: " + String.join("; ", defects));
        }
    }

    @Override
    public void close() {
        tensors.values().forEach(Tensor::close);
        try {
            backing.close();
        } catch (Exception e) {
            throw new IllegalStateException("could not release the checkpoint's memory", e);
        }
    }
}
