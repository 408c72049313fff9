package io.arvid.pack;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.model.LinearSite;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.tensor.Devices;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.AtomicFile;
import io.arvid.weights.AtomicFolder;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.SafetensorsWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/** Writes a plan and the rest of its model as a packed folder, which is opened again and compared before it appears. */
public final class Packer {
    private Packer() {}

    /**
     * Writes {@code folder}, which must not exist or be empty.
     *
     * @return the size of what was written
     * @throws CheckpointException where the place is taken, the source is quantized already, the plan does not fit the model, or what was written does
     *     not read back equal
     */
    public static PackedSize write(Path folder, QuantPlan plan, PackedSource source) {
        return write(folder, plan, source, place -> {});
    }

    /**
     * The same, with more files in the folder.
     *
     * @param companions adds them to the folder that it is given
     */
    public static PackedSize write(Path folder, QuantPlan plan, PackedSource source, Consumer<Path> companions) {
        AtomicFolder.requireFree(folder);
        if (!plan.phases().isEmpty()) {
            throw new CheckpointException(
                    "a plan of '" + plan.method() + "' with other integers in other timesteps cannot be packed");
        }
        QuantizedSource.refuse("the model", source.modelConfig());
        QuantizedSource.refuse("the model", source.weights());
        PackedSize[] size = new PackedSize[1];
        AtomicFolder.write(folder, place -> {
            writeFiles(place, plan, source);
            size[0] = requireEqual(place, plan, source);
            companions.accept(place);
        });
        return size[0];
    }

    private static void writeFiles(Path folder, QuantPlan plan, PackedSource source) {
        try (TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>(source.weights().entries());
            SequencedMap<String, LayerEntry> layers = new LinkedHashMap<>();
            plan.layers().forEach((site, layer) -> {
                requireFits(site, layer, source);
                tensors.remove(site.name() + ".weight");
                PackedLayer packed = PackedLayer.of(layer);
                layers.put(site.name(), new LayerWriter(site.name(), tensors).write(packed));
            });
            QuantizationConfig config = new QuantizationConfig(
                    QuantizationConfig.QUANT_METHOD,
                    QuantizationConfig.versionFor(plan.kv()),
                    plan.method(),
                    source.recipe(),
                    source.layout(),
                    plan.kv(),
                    layers);
            ObjectNode json = source.modelConfig().deepCopy();
            json.set(QuantizationConfig.KEY, config.json());
            SafetensorsWriter.write(folder.resolve(PackedModelFile.TENSORS), tensors, Map.of());
            AtomicFile.write(folder.resolve(PackedModelFile.CONFIG), json.toPrettyString() + "\n");
        }
    }

    private static void requireFits(LinearSite site, LayerPlan layer, PackedSource source) {
        long[] planned = {layer.outFeatures(), layer.inFeatures()};
        long[] actual = Tensors.shape(source.weights().get(site.name() + ".weight"));
        if (!Arrays.equals(planned, actual)) {
            throw new CheckpointException("the plan of " + site.name() + " is for " + Arrays.toString(planned)
                    + ", its weight is " + Arrays.toString(actual));
        }
    }

    /** Opens what was written and compares every code, scale, zero point, correction and untouched tensor. */
    private static PackedSize requireEqual(Path folder, QuantPlan plan, PackedSource source) {
        try (PackedModelFile written = PackedModelFile.open(folder)) {
            if (!List.copyOf(written.layers().keySet())
                    .equals(List.copyOf(plan.layers().keySet()))) {
                throw new CheckpointException(folder, "holds other layers than the plan");
            }
            if (!written.kv().equals(plan.kv())) {
                throw new CheckpointException(folder, "the plan of its KV cache does not read back equal");
            }
            written.layers().forEach((site, layer) -> {
                try (TensorScope scope = TensorScope.open()) {
                    String difference = PlanComparison.difference(
                            layer.unpack(), plan.layers().get(site));
                    if (!difference.isEmpty()) {
                        throw new CheckpointException(folder, site.name() + " does not read back equal: " + difference);
                    }
                }
            });
            written.unquantized().entries().forEach((name, tensor) -> {
                if (!Devices.toCurrent(tensor)
                        .equal(Devices.toCurrent(source.weights().get(name)))) {
                    throw new CheckpointException(folder, name + " does not read back equal");
                }
            });
            return written.size();
        }
    }
}
