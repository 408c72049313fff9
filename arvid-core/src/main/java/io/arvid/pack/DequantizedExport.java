package io.arvid.pack;

import io.arvid.model.LinearSite;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.TorchCheckpointWriter;
import io.arvid.weights.WeightMap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/**
 * A packed model as an ordinary checkpoint: bfloat16 weights under Wan's names, for pipelines that know nothing of arvid. The weights carry the
 * rounding of the plan; inputs are not rounded there.
 */
public final class DequantizedExport {
    private DequantizedExport() {}

    /**
     * Writes {@code target}, which must not exist: a PyTorch file with both generators where {@code packed} came from the file of a causal model's trainer,
     * otherwise, and where the name ends in {@code .safetensors}, a safetensors file. Names are Wan's, whatever the layout was, with the trainer's prefix.
     *
     * @throws CheckpointException where the place is taken, or the name does not end as such a file's does
     */
    public static void write(PackedModelFile packed, Path target) {
        if (Files.exists(target)) {
            throw new CheckpointException(target, "exists already; choose another place or remove it");
        }
        SourceLayout layout = packed.source();
        String written = target.toString();
        boolean safetensors =
                layout.container() == SourceLayout.Container.SAFETENSORS || written.endsWith(".safetensors");
        List<String> endings = safetensors ? List.of(".safetensors") : List.of(".pt", ".pth");
        if (endings.stream().noneMatch(written::endsWith)) {
            throw new CheckpointException(
                    target,
                    "would be a " + (safetensors ? "safetensors" : "PyTorch") + " file; let its name end in "
                            + String.join(" or ", endings));
        }
        try (WeightMap weights = weights(packed)) {
            Map<String, Tensor> named = new LinkedHashMap<>();
            weights.entries().forEach((name, tensor) -> named.put(layout.prefix() + name, tensor));
            if (safetensors) {
                SafetensorsWriter.write(target, named, Map.of("format", "pt"));
            } else {
                SequencedMap<String, Map<String, Tensor>> groups = new LinkedHashMap<>();
                layout.groups().forEach(group -> groups.put(group, named));
                TorchCheckpointWriter.write(target, groups);
            }
        }
    }

    /** Every parameter under the model's own name: floating ones in bfloat16. The caller closes the map. */
    public static WeightMap weights(PackedModelFile packed) {
        try (TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            packed.unquantized().entries().forEach((name, tensor) -> weights.put(name, toBf16(tensor)));
            packed.layers().forEach((site, layer) -> dequantize(site, layer, packed.unquantized(), weights));
            return WeightMap.of(weights);
        }
    }

    private static void dequantize(LinearSite site, PackedLayer layer, WeightMap rest, Map<String, Tensor> weights) {
        try (TensorScope scope = TensorScope.open()) {
            DequantizedLayer ordinary = DequantizedLayer.of(layer.unpack(), rest.get(site.name() + ".bias"));
            weights.put(site.name() + ".weight", scope.keep(toBf16(ordinary.weight())));
            weights.put(site.name() + ".bias", scope.keep(toBf16(ordinary.bias())));
        }
    }

    private static Tensor toBf16(Tensor tensor) {
        return DTypes.of(tensor).isFloating() ? Ops.to(tensor, DTypes.BF16) : tensor;
    }
}
