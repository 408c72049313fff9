package io.arvid.pack;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.arvid.model.LinearSite;
import io.arvid.quantize.FinishedLayers;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.SafetensorsWriter;
import io.arvid.weights.WeightMap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * Finished layers, a file each in the form of the packed model, so that an interrupted run does not work on them again.
 *
 * @param folder where they are
 */
public record LayerFiles(Path folder) implements FinishedLayers {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String ENTRY = "entry";

    @Override
    public boolean has(LinearSite site) {
        return Files.exists(file(site));
    }

    @Override
    public Optional<LayerPlan> find(LinearSite site) {
        if (!has(site)) {
            return Optional.empty();
        }
        Path file = file(site);
        try (TensorScope scope = TensorScope.open();
                WeightMap mapped = SafetensorsFile.open(file)) {
            String entry = SafetensorsFile.header(file).metadata().getOrDefault(ENTRY, "");
            Map<String, Tensor> copies = new LinkedHashMap<>();
            mapped.entries().forEach((name, tensor) -> copies.put(name, Ops.copy(tensor)));
            try (WeightMap own = WeightMap.of(copies)) {
                LayerPlan plan = new LayerReader(site.name(), own)
                        .read(JSON.readValue(entry, LayerEntry.class))
                        .unpack();
                plan.tensors().forEach(scope::keep);
                return Optional.of(plan);
            }
        } catch (JsonProcessingException e) {
            throw new CheckpointException(file, "is damaged; delete it: " + e.getOriginalMessage());
        }
    }

    @Override
    public void put(LinearSite site, LayerPlan plan) {
        try (TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            LayerEntry entry = new LayerWriter(site.name(), tensors).write(PackedLayer.of(plan));
            SafetensorsWriter.write(file(site), tensors, Map.of(ENTRY, JSON.writeValueAsString(entry)));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the entry of " + site.name() + " is no JSON", e);
        }
    }

    @Override
    public FinishedLayers stage(String name) {
        return new LayerFiles(folder.resolveSibling(name));
    }

    private Path file(LinearSite site) {
        return folder.resolve(site.name() + ".safetensors");
    }
}
