package io.arvid.pack;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.model.LinearSite;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.MissingFileException;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/**
 * A packed model on disk, opened: codes stay in the mapped file. Owns its tensors; what was made from it must be closed first.
 *
 * <p>Checked while it is opened: the version of the format, the presence, type and shape of every tensor of a quantized layer, that scales are positive
 * and finite, and that no packed tensor is left over.
 */
public final class PackedModelFile implements AutoCloseable {
    static final String CONFIG = "config.json";
    static final String TENSORS = "model.safetensors";

    private final ObjectNode modelConfig;
    private final QuantizationConfig config;
    private final WeightMap file;
    private final SequencedMap<LinearSite, PackedLayer> layers;
    private final WeightMap unquantized;

    private PackedModelFile(
            ObjectNode modelConfig,
            QuantizationConfig config,
            WeightMap file,
            SequencedMap<LinearSite, PackedLayer> layers) {
        this.modelConfig = modelConfig;
        this.config = config;
        this.file = file;
        this.layers = Collections.unmodifiableSequencedMap(layers);
        this.unquantized = WeightMap.of(others(file));
        layers.values().forEach(layer -> layer.tensors().forEach(TensorScope::own));
    }

    /**
     * Opens the packed model in {@code folder}.
     *
     * @throws CheckpointException where it is none, of a newer version, or damaged
     */
    public static PackedModelFile open(Path folder) {
        Path configFile = folder.resolve(CONFIG);
        JsonNode json = readJson(configFile);
        QuantizationConfig config = QuantizationConfig.read(configFile, json);
        Path tensors = folder.resolve(TENSORS);
        WeightMap file = SafetensorsFile.open(tensors);
        try (TensorScope scope = TensorScope.open()) {
            SequencedMap<LinearSite, PackedLayer> layers = new LinkedHashMap<>();
            config.layers().forEach((name, entry) -> {
                PackedLayer layer = new LayerReader(name, file).read(entry);
                layers.put(LinearSite.named(name, layer.inFeatures(), layer.outFeatures()), layer);
            });
            requireNothingLeftOver(file, config.layers());
            ObjectNode modelConfig = json.deepCopy();
            modelConfig.remove(QuantizationConfig.KEY);
            return new PackedModelFile(modelConfig, config, file, layers);
        } catch (CheckpointException e) {
            file.close();
            throw new CheckpointException(tensors, e.getMessage());
        } catch (RuntimeException e) {
            file.close();
            throw new CheckpointException(configFile, e.getMessage());
        }
    }

    /** True where {@code folder} looks like a packed model. */
    public static boolean isPacked(Path folder) {
        Path configFile = folder.resolve(CONFIG);
        return Files.isRegularFile(configFile)
                && readJson(configFile)
                        .path(QuantizationConfig.KEY)
                        .path("quant_method")
                        .asText()
                        .equals(QuantizationConfig.QUANT_METHOD);
    }

    private static void requireNothingLeftOver(WeightMap file, Map<String, LayerEntry> layers) {
        for (String name : file.names()) {
            String layer = name.substring(0, Math.max(0, name.lastIndexOf('.')));
            if (PackedNames.isPacked(name) && !layers.containsKey(layer)) {
                throw new CheckpointException(name + " belongs to no layer of the configuration");
            }
        }
    }

    private static Map<String, Tensor> others(WeightMap file) {
        Map<String, Tensor> others = new LinkedHashMap<>(file.entries());
        others.keySet().removeIf(PackedNames::isPacked);
        return others;
    }

    private static JsonNode readJson(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new MissingFileException(file, "no such file: not a packed model");
        }
        try {
            return new JsonMapper().readTree(file.toFile());
        } catch (IOException e) {
            throw new CheckpointException(file, "cannot be read: " + e.getMessage());
        }
    }

    /** The model's own configuration: {@code config.json} without the quantization. */
    public ObjectNode modelConfig() {
        return modelConfig.deepCopy();
    }

    /** Version of the packed format. */
    public int formatVersion() {
        return config.formatVersion();
    }

    /** Id of the method that chose the integers. */
    public String method() {
        return config.method();
    }

    /** How the original checkpoint names its tensors. */
    public SourceLayout source() {
        return config.source();
    }

    /** How the KV cache is to be stored. */
    public KvPlan kv() {
        return config.kv();
    }

    /** Quantized layers in the model's order. */
    public SequencedMap<LinearSite, PackedLayer> layers() {
        return layers;
    }

    /** What is not quantized, the biases of quantized layers included; under the model's own names. */
    public WeightMap unquantized() {
        return unquantized;
    }

    /** The plan that was packed. The caller closes it, before this file. */
    public QuantPlan plan() {
        try (TensorScope scope = TensorScope.open()) {
            SequencedMap<LinearSite, LayerPlan> plans = new LinkedHashMap<>();
            layers.forEach((site, layer) -> plans.put(site, layer.unpack()));
            return new QuantPlan(config.method(), plans, config.kv());
        }
    }

    /** How large it is. */
    public PackedSize size() {
        long parameters = unquantized.parameterCount();
        long quantizedParameters = 0;
        long quantizedBytes = 0;
        for (LinearSite site : layers.keySet()) {
            parameters += site.weightCount();
            quantizedParameters += site.weightCount();
        }
        for (Map.Entry<String, Tensor> entry : file.entries().entrySet()) {
            String name = entry.getKey();
            if (config.layers().containsKey(name.substring(0, Math.max(0, name.lastIndexOf('.'))))) {
                quantizedBytes += entry.getValue().nbytes();
                quantizedParameters += name.endsWith(".bias") ? entry.getValue().numel() : 0;
            }
        }
        return new PackedSize(parameters, file.bytes(), quantizedParameters, quantizedBytes);
    }

    @Override
    public void close() {
        layers.values().forEach(layer -> layer.tensors().forEach(Tensor::close));
        unquantized.close();
        file.close();
    }
}
