package io.arvid.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.model.wan.Tokenizer;
import io.arvid.model.wan.UmtTextEncoder;
import io.arvid.model.wan.WanTransformer;
import io.arvid.pack.PackedModelFile;
import io.arvid.pack.PackedSize;
import io.arvid.pack.PackedSource;
import io.arvid.pack.Packer;
import io.arvid.pack.SourceLayout;
import io.arvid.quantize.recipe.RecipeFile;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.rollout.kv.KvQuantization;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.AtomicFile;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.FileHash;
import io.arvid.weights.MissingFileException;
import io.arvid.weights.SafetensorsFile;
import io.arvid.weights.WeightMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A model on disk with everything that a prompt needs on its way to a video: {@code config.json}, {@code transformer.safetensors},
 * {@code text_encoder.safetensors}, {@code autoencoder.safetensors}, {@code tokenizer.json}. A packed model has the packed transformer in its place, in
 * {@code model.safetensors}. Weights are held in float32.
 */
public final class ModelFolder implements AutoCloseable {
    /** Weights of the transformer in full precision. */
    public static final String TRANSFORMER = "transformer.safetensors";
    /** Weights of the text encoder. */
    public static final String TEXT_ENCODER = "text_encoder.safetensors";
    /** Weights of the autoencoder. */
    public static final String AUTOENCODER = "autoencoder.safetensors";
    /** The tokenizer. */
    public static final String TOKENIZER = "tokenizer.json";
    /** The configuration. */
    public static final String CONFIG = "config.json";

    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;
    private final ObjectNode json;
    private final ModelConfig config;
    private final WeightMap transformerWeights;
    private final WeightMap textWeights;
    private final WeightMap autoencoderWeights;
    private final WanTransformer transformer;
    private final @Nullable PackedModelFile packed;
    private @Nullable QuantPlan plan;

    /** A packed model's tensors lie in the mapped {@code packed}, which stays open as long as this folder. */
    private ModelFolder(
            Path folder,
            ObjectNode json,
            ModelConfig config,
            WeightMap transformerWeights,
            @Nullable PackedModelFile packed) {
        this.folder = folder;
        this.json = json;
        this.config = config;
        this.packed = packed;
        this.transformerWeights = transformerWeights;
        this.transformer = new WanTransformer(config.transformer(), transformerWeights);
        this.textWeights = load(folder.resolve(TEXT_ENCODER));
        this.autoencoderWeights = load(folder.resolve(AUTOENCODER));
    }

    /**
     * Opens the model in {@code folder}, packed or not.
     *
     * @throws CheckpointException naming the file and what is wrong with it
     */
    public static ModelFolder open(Path folder) {
        Path file = folder.resolve(CONFIG);
        if (!Files.isRegularFile(file)) {
            throw new MissingFileException(
                    file, "no such file: not the folder of a model; a published model is named with --preset");
        }
        try {
            ObjectNode json = (ObjectNode) JSON.readTree(file.toFile());
            ModelConfig config = JSON.treeToValue(json, ModelConfig.class);
            if (!PackedModelFile.isPacked(folder)) {
                return new ModelFolder(folder, json, config, load(folder.resolve(TRANSFORMER)), null);
            }
            PackedModelFile packed = PackedModelFile.open(folder);
            return new ModelFolder(folder, packed.modelConfig(), config, withoutQuantized(packed), packed);
        } catch (JsonProcessingException e) {
            throw new CheckpointException(file, e.getOriginalMessage());
        } catch (IOException | ClassCastException e) {
            throw new CheckpointException(file, "cannot be read: " + e.getMessage());
        }
    }

    /** What is not quantized, in float32, and {@link QuantizedModel#absentWeight} for the quantized layers. */
    private static WeightMap withoutQuantized(PackedModelFile packed) {
        try (TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> weights = new HashMap<>();
            packed.unquantized().entries().forEach((name, tensor) -> weights.put(name, Ops.copyF32(tensor)));
            weights.putAll(QuantizedModel.absentWeights(packed, DTypes.F32));
            return WeightMap.of(weights);
        }
    }

    private static WeightMap load(Path file) {
        try (WeightMap mapped = SafetensorsFile.open(file)) {
            return mapped.to(DTypes.F32).onCurrentDevice();
        }
    }

    /** Where the model lies. */
    public Path path() {
        return folder;
    }

    /** The configuration as it stands in the file, without quantization. */
    public ObjectNode json() {
        return json.deepCopy();
    }

    /** The configuration. */
    public ModelConfig config() {
        return config;
    }

    /** The transformer; of a packed model, without the weights of its quantized layers, which {@link QuantizedModel} or the simulation has. */
    public WanTransformer transformer() {
        return transformer;
    }

    /** The packed transformer, null of a model in full precision. */
    public @Nullable PackedModelFile packed() {
        return packed;
    }

    /** How the model wants keys and values to be kept: as its plan says, or as they are. */
    public KvQuantization kv() {
        return kv(packed);
    }

    /** How the packed model wants keys and values to be kept; as they are where it is null. */
    static KvQuantization kv(@Nullable PackedModelFile packed) {
        return (packed == null ? new KvPlan.Full() : packed.kv()).quantization();
    }

    /** The plan of a packed model, unpacked when it is asked for first; null of a model in full precision. */
    public synchronized @Nullable QuantPlan plan() {
        if (plan == null && packed != null) {
            plan = packed.plan();
        }
        return plan;
    }

    /** The autoencoder. */
    public TinyVideoAutoencoder autoencoder() {
        return new TinyVideoAutoencoder(config.autoencoder(), autoencoderWeights);
    }

    /** The text encoder. */
    public UmtTextEncoder textEncoder() {
        return new UmtTextEncoder(config.textEncoder(), textWeights);
    }

    /** The tokenizer; the caller closes it. */
    public Tokenizer tokenizer() {
        return Tokenizer.open(folder.resolve(TOKENIZER), config.transformer().textLen());
    }

    /** Copies what a packed transformer needs beside it into {@code target}: text encoder, autoencoder, tokenizer. */
    void copyCompanions(Path target) {
        for (String name : List.of(TEXT_ENCODER, AUTOENCODER, TOKENIZER)) {
            try {
                AtomicFile.write(target.resolve(name), Files.readAllBytes(folder.resolve(name)));
            } catch (IOException e) {
                throw new UncheckedIOException("cannot copy " + name + ": " + e.getMessage(), e);
            }
        }
    }

    /** SHA-256 of all files: names the model wherever it lies. */
    public String hash() {
        try {
            FileHash hash = new FileHash().content(folder.resolve(CONFIG)).content(transformerFile());
            for (String name : List.of(TEXT_ENCODER, AUTOENCODER, TOKENIZER)) {
                hash.content(folder.resolve(name));
            }
            return hash.hex();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + folder + ": " + e.getMessage(), e);
        }
    }

    private Path transformerFile() {
        return folder.resolve(packed == null ? TRANSFORMER : "model.safetensors");
    }

    /** Bytes of the transformer's file. */
    public long transformerBytes() {
        try {
            return Files.size(transformerFile());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot measure the transformer's file: " + e.getMessage(), e);
        }
    }

    /** Writes this model with the integers of {@code plan}, which {@code recipe} chose, to {@code target}; see {@link Packer#write}. */
    public PackedSize pack(Path target, QuantPlan plan, RecipeFile<?> recipe) {
        return pack(target, plan, recipe, transformerWeights);
    }

    /** The same with other {@code weights} in place of those that are not quantized; they are stored in bfloat16. */
    PackedSize pack(Path target, QuantPlan plan, RecipeFile<?> recipe, WeightMap weights) {
        try (WeightMap stored = weights.to(DTypes.BF16)) {
            PackedSource source = new PackedSource(stored, json(), SourceLayout.WAN, recipe.json());
            return Packer.write(target, plan, source, this::copyCompanions);
        }
    }

    @Override
    public void close() {
        if (plan != null) {
            plan.close();
        }
        if (packed != null) {
            packed.close();
        }
        transformerWeights.close();
        textWeights.close();
        autoencoderWeights.close();
    }
}
