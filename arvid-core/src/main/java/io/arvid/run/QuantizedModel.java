package io.arvid.run;

import io.arvid.kernel.Activation;
import io.arvid.kernel.Kernel;
import io.arvid.kernel.KernelCatalogue;
import io.arvid.kernel.KernelSpec;
import io.arvid.kernel.RoundedInput;
import io.arvid.kernel.WeightMemory;
import io.arvid.model.CausalVideoModel;
import io.arvid.model.LinearSite;
import io.arvid.model.RolloutStep;
import io.arvid.model.SiteForward;
import io.arvid.pack.PackedLayer;
import io.arvid.pack.PackedModelFile;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.MappedFiles;
import io.arvid.tensor.Tensors;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Packed layers over an untouched model: they multiply with the kernels that the catalogue chooses, the other layers as before. Holds the weights as the
 * kernels want them until it is closed, layer by layer in place of the pages of a mapped file; the model must outlive it.
 */
public final class QuantizedModel implements SiteForward, AutoCloseable {
    private final SiteForward fullPrecision;
    private final Map<LinearSite, QuantLinear> layers = new LinkedHashMap<>();
    private final Map<Kernel, String> refusals = new EnumMap<>(Kernel.class);
    private final RoundedInput shared = new RoundedInput();

    /**
     * Makes {@code packed} layers of {@code model} ready.
     *
     * @throws IllegalArgumentException where the catalogue's only kernel cannot run a layer
     */
    public QuantizedModel(CausalVideoModel model, Map<LinearSite, PackedLayer> packed, KernelCatalogue catalogue) {
        this.fullPrecision = model.fullPrecision();
        try (WeightMemory memory = new WeightMemory()) {
            packed.forEach((site, layer) -> {
                KernelCatalogue.Choice choice = catalogue.choose(KernelSpec.of(layer));
                choice.refused().forEach((faster, reason) -> refusals.putIfAbsent(faster, site.name() + ": " + reason));
                Kernel kernel = choice.kernel();
                layers.put(site, new QuantLinear(site, kernel, kernel.prepare(layer, model.bias(site), memory)));
                MappedFiles.giveBack(layer.packed());
            });
        }
    }

    /**
     * What stands in a model for the weight of a layer that is packed: one NaN, stretched to its shape. It takes no memory, and who multiplies by it sees
     * that he should not.
     */
    public static Tensor absentWeight(DTypes type, int outFeatures, int inFeatures) {
        return Tensors.full(type, Double.NaN, 1, 1).expand(outFeatures, inFeatures);
    }

    /** Stand-ins for the weights of all layers of {@code packed}, by parameter name. */
    static Map<String, Tensor> absentWeights(PackedModelFile packed, DTypes type) {
        Map<String, Tensor> absent = new LinkedHashMap<>();
        packed.layers()
                .forEach((site, layer) -> absent.put(
                        site.name() + ".weight", absentWeight(type, layer.outFeatures(), layer.inFeatures())));
        return absent;
    }

    @Override
    public Tensor apply(LinearSite site, RolloutStep step, Tensor input) {
        QuantLinear layer = layers.get(site);
        return layer == null
                ? fullPrecision.apply(site, step, input)
                : layer.gemm().multiply(step, input, shared, Activation.NONE);
    }

    @Override
    public Tensor applyGelu(LinearSite site, RolloutStep step, Tensor input) {
        QuantLinear layer = layers.get(site);
        return layer == null
                ? fullPrecision.applyGelu(site, step, input)
                : layer.gemm().multiply(step, input, shared, Activation.GELU_TANH);
    }

    /** Number of layers of each kernel. */
    public Map<Kernel, Integer> kernels() {
        Map<Kernel, Integer> counts = new EnumMap<>(Kernel.class);
        layers.values().forEach(layer -> counts.merge(layer.kernel(), 1, Integer::sum));
        return counts;
    }

    /** Why {@code kernel} was refused for the first layer that it does not run; null where it was not. */
    public @Nullable String refusal(Kernel kernel) {
        return refusals.get(kernel);
    }

    /** Bytes of native memory that the quantized layers' weights take. */
    public long bytes() {
        return layers.values().stream().mapToLong(layer -> layer.gemm().bytes()).sum();
    }

    /** How many inputs were rounded so far: layers with the same input and rounding share one. */
    public long roundings() {
        return shared.roundings();
    }

    @Override
    public void close() {
        layers.values().forEach(QuantLinear::close);
        shared.close();
    }
}
