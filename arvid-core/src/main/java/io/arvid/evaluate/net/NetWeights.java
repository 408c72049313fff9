package io.arvid.evaluate.net;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.ImageOps;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.NearestName;
import io.arvid.weights.WeightMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Parameters of one network in float32 under the names of its published file, independent of that file. A view made by {@link #under} shares them; only
 * the whole is closed.
 */
public final class NetWeights implements AutoCloseable {
    private final String network;
    private final WeightMap tensors;
    private final String prefix;

    private NetWeights(String network, WeightMap tensors, String prefix) {
        this.network = network;
        this.tensors = tensors;
        this.prefix = prefix;
    }

    /**
     * Copies every parameter of {@code file} whose name begins with {@code prefix}, which is removed, to float32.
     *
     * @param network name of the network in error messages
     */
    public static NetWeights copy(String network, WeightMap file, String prefix) {
        try (TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> kept = new LinkedHashMap<>();
            file.entries().forEach((name, tensor) -> {
                if (name.startsWith(prefix) && DTypes.of(tensor).isFloating()) {
                    kept.put(name.substring(prefix.length()), Ops.copyF32(tensor));
                }
            });
            if (kept.isEmpty()) {
                throw new CheckpointException(network + ": no parameter begins with '" + prefix + "'");
            }
            return new NetWeights(network, WeightMap.of(kept), "");
        }
    }

    /** Copies every parameter of {@code file}. */
    public static NetWeights copy(String network, WeightMap file) {
        return copy(network, file, "");
    }

    /** The parameters of {@code weights} themselves, without a copy: what training changes is seen here. */
    public static NetWeights sharing(String network, WeightMap weights) {
        return new NetWeights(network, weights, "");
    }

    /** The parameters whose names begin with {@code name} and a dot, named without them. */
    public NetWeights under(String name) {
        return new NetWeights(network, tensors, prefix + name + ".");
    }

    /** The parameter called {@code name}. */
    public Tensor get(String name) {
        if (!tensors.has(prefix + name)) {
            throw new CheckpointException(network + ": no parameter named '" + prefix + name + "'; the nearest is '"
                    + NearestName.of(prefix + name, tensors.names()) + "'");
        }
        return tensors.get(prefix + name);
    }

    /** True where a parameter called {@code name} is there. */
    public boolean has(String name) {
        return tensors.has(prefix + name);
    }

    /** The parameter called {@code name}, or null. */
    public @Nullable Tensor find(String name) {
        return has(name) ? get(name) : null;
    }

    /** How many of {@code name.0}, {@code name.1}, … have a parameter called {@code parameter}. */
    public int count(String name, String parameter) {
        int count = 0;
        while (has(name + "." + count + "." + parameter)) {
            count++;
        }
        return count;
    }

    /** The convolution {@code name} of x {@code [N, Cin, H, W]}, with its bias where it has one. */
    public Tensor conv(String name, Tensor x, long stride, long padding) {
        return Ops.conv2d(x, get(name + ".weight"), find(name + ".bias"), stride, padding);
    }

    /** The transposed convolution {@code name} of x. */
    public Tensor convTransposed(String name, Tensor x, long stride, long padding) {
        return ImageOps.convTransposed(x, get(name + ".weight"), find(name + ".bias"), stride, padding);
    }

    /** The linear layer {@code name} of x {@code [..., in]}. */
    public Tensor linear(String name, Tensor x) {
        return Ops.linear(x, get(name + ".weight"), find(name + ".bias"));
    }

    /** The layer normalization {@code name} over the last dimension of x. */
    public Tensor layerNorm(String name, Tensor x, double eps) {
        return Ops.layerNorm(x, get(name + ".weight"), get(name + ".bias"), eps);
    }

    /** The group normalization {@code name} of x {@code [N, C, H, W]}. */
    public Tensor groupNorm(String name, Tensor x, long groups, double eps) {
        return ImageOps.groupNorm(x, groups, get(name + ".weight"), get(name + ".bias"), eps);
    }

    @Override
    public void close() {
        tensors.close();
    }
}
