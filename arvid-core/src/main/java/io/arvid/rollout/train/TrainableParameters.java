package io.arvid.rollout.train;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;

/**
 * Parameters in training: one float32 buffer for all values and one for all gradients, of which the named tensors are views, so that an optimizer
 * step is a handful of operations however many parameters there are. Hidden matrices of one shape lie together and can be seen as one batch.
 */
public final class TrainableParameters implements AutoCloseable {
    /**
     * Matrices of one shape: values and gradients as {@code [count, rows, columns]} views, and the gain of each column {@code [count, 1, columns]}:
     * training moves {@code W = V · diag(gain)} as if V were the parameter.
     */
    public record MatrixGroup(Tensor values, Tensor gradients, Tensor gains, long offset, long length) {}

    private final Tensor values;
    private final Tensor gradients;
    private final WeightMap weights;
    private final List<MatrixGroup> matrixGroups = new ArrayList<>();
    private final long vectorLength;

    /**
     * Copies {@code initial}.
     *
     * @param initial name → float tensor
     * @param isMatrix which of them are hidden matrices {@code [out, in]}, or kernels {@code [out, in, height, width]} seen as {@code [out, rest]};
     *     the rest comes first in the buffer
     * @param gains matrix name → gain of each column; initial values are multiplied by it
     */
    public TrainableParameters(Map<String, Tensor> initial, Predicate<String> isMatrix, Map<String, Tensor> gains) {
        long total = initial.values().stream().mapToLong(Tensor::numel).sum();
        this.values = TensorScope.own(Tensors.zeros(DTypes.F32, total));
        this.gradients = TensorScope.own(Tensors.zeros(DTypes.F32, total));
        SequencedMap<String, Tensor> views = new LinkedHashMap<>();
        try (TensorScope scope = TensorScope.open()) {
            long offset = 0;
            for (Map.Entry<String, Tensor> entry : initial.entrySet()) {
                if (!isMatrix.test(entry.getKey())) {
                    offset = place(entry.getKey(), entry.getValue(), offset, views);
                }
            }
            this.vectorLength = offset;
            Map<String, List<String>> byShape = new TreeMap<>();
            initial.forEach((name, tensor) -> {
                if (isMatrix.test(name)) {
                    byShape.computeIfAbsent(tensor.size(0) + "x" + columns(tensor), shape -> new ArrayList<>())
                            .add(name);
                }
            });
            for (List<String> group : byShape.values()) {
                long start = offset;
                List<Tensor> groupGains = new ArrayList<>();
                for (String name : group) {
                    Tensor tensor = initial.get(name);
                    Tensor gain = gains.getOrDefault(name, Tensors.ones(DTypes.F32, columns(tensor)));
                    groupGains.add(gain.unsqueeze(0));
                    Tensor scaled = gains.containsKey(name) ? tensor.mul(gain) : tensor;
                    offset = place(name, scaled, offset, views);
                }
                Tensor first = initial.get(group.getFirst());
                long[] shape = {group.size(), first.size(0), columns(first)};
                matrixGroups.add(new MatrixGroup(
                        TensorScope.own(values.narrow(0, start, offset - start).view(shape)),
                        TensorScope.own(
                                gradients.narrow(0, start, offset - start).view(shape)),
                        TensorScope.own(Ops.stack(0, groupGains)),
                        start,
                        offset - start));
            }
            SequencedMap<String, Tensor> ordered = new LinkedHashMap<>();
            initial.keySet().forEach(name -> ordered.put(name, views.get(name)));
            this.weights = WeightMap.of(ordered);
        }
    }

    private static long columns(Tensor matrix) {
        return matrix.numel() / matrix.size(0);
    }

    private long place(String name, Tensor initial, long offset, Map<String, Tensor> views) {
        long length = initial.numel();
        long[] shape = Tensors.shape(initial);
        Tensor view = values.narrow(0, offset, length).view(shape);
        Torch.withoutGradients(() -> view.copy_(initial.detach()));
        view.requires_grad_(true);
        view.mutable_grad().put(gradients.narrow(0, offset, length).view(shape));
        views.put(name, view);
        return offset + length;
    }

    /** The named tensors, which record gradients. */
    public WeightMap weights() {
        return weights;
    }

    /** All values, {@code [count]}: first {@link #vectorLength} entries that are not hidden matrices, then the matrix groups. */
    public Tensor values() {
        return values;
    }

    /** All gradients, in the order of {@link #values}. */
    public Tensor gradients() {
        return gradients;
    }

    /** Entries that do not belong to hidden matrices. */
    public long vectorLength() {
        return vectorLength;
    }

    /** Hidden matrices by shape. */
    public List<MatrixGroup> matrixGroups() {
        return matrixGroups;
    }

    /** Sets all gradients to zero. */
    public void clearGradients() {
        gradients.zero_();
    }

    /** Scales gradients down to a norm of at most {@code largest}, and returns the norm that they had. */
    public double clipGradients(double largest) {
        try (TensorScope scope = TensorScope.open()) {
            double norm = Tensors.item(gradients.norm());
            if (norm > largest) {
                gradients.mul_(new org.bytedeco.pytorch.Scalar(largest / norm));
            }
            return norm;
        }
    }

    /** Copies of the named tensors with the values of {@code buffer}, which is laid out as {@link #values}; without gradients. */
    public Map<String, Tensor> namedCopies(Tensor buffer) {
        Map<String, Tensor> copies = new LinkedHashMap<>();
        weights.entries().forEach((name, view) -> {
            long offset = view.storage_offset();
            copies.put(name, Ops.copy(buffer.narrow(0, offset, view.numel()).view(Tensors.shape(view))));
        });
        return copies;
    }

    @Override
    public void close() {
        weights.close();
        matrixGroups.forEach(group -> {
            group.values().close();
            group.gradients().close();
            group.gains().close();
        });
        values.close();
        gradients.close();
    }
}
