package io.arvid.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.arvid.model.SiteForward;
import io.arvid.model.TextContext;
import io.arvid.model.wan.Checkpoints;
import io.arvid.model.wan.ModelCard;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.pack.PackedModelFile;
import io.arvid.rollout.ChunkPlan;
import io.arvid.rollout.KvStore;
import io.arvid.rollout.NoiseSource;
import io.arvid.rollout.RollingCacheSize;
import io.arvid.rollout.RollingForcing;
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutConfig;
import io.arvid.rollout.RolloutListener;
import io.arvid.rollout.kv.KvQuantization;
import io.arvid.rollout.preset.Guided;
import io.arvid.rollout.preset.ModelFiles;
import io.arvid.rollout.preset.Preset;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Devices;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.MissingFileException;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A published model as its preset runs it. The transformer's weights stay in the mapped checkpoint where they have the number type that is computed in, and
 * are converted when they are first needed where they have not; text encoder and autoencoder are opened for the time that they are needed and given back after
 * it, so that the two are never in memory together; who encodes prompts before asking for the transformer has the encoder alone.
 */
public final class PublishedModel implements AutoCloseable {
    /** A parameter whose number type is that of tokens. */
    private static final String TYPICAL = "patch_embedding.bias";

    private final Preset preset;
    private final ModelFiles files;
    private final ModelCard card;
    private final DTypes type;
    private final PublishedText texts;
    private final long copiedBytes;
    private final long storedBytes;
    private final @Nullable PackedModelFile packed;
    private WeightMap weights;
    private @Nullable WanTransformer transformer;

    private PublishedModel(
            Preset preset,
            ModelFiles files,
            ModelCard card,
            WeightMap weights,
            DTypes type,
            @Nullable PackedModelFile packed) {
        this.preset = preset;
        this.files = files;
        this.card = card;
        this.weights = weights;
        this.type = type;
        this.texts = new PublishedText(files, card, type);
        this.packed = packed;
        this.copiedBytes = packed == null ? weights.bytesToConvert(type) : 0;
        this.storedBytes =
                packed == null ? weights.bytesInPlace(type) : packed.size().bytes();
    }

    /** The same in bfloat16, as the models were published to be run. */
    public static PublishedModel open(Preset preset, List<Path> places) {
        return open(preset, places, null);
    }

    /**
     * Opens the transformer of {@code preset} among the files in {@code places}; a packed model in the first of them is taken as it is.
     *
     * @param wanted number type that is computed in; null for bfloat16, or for that of a packed model
     * @throws CheckpointException naming what was found where there is none
     */
    public static PublishedModel open(Preset preset, List<Path> places, @Nullable DTypes wanted) {
        Path first = places.getFirst();
        if (!PackedModelFile.isPacked(first)) {
            ModelFiles files = ModelFiles.open(places);
            ModelCard card = files.transformer(preset);
            DTypes type = wanted == null ? DTypes.BF16 : wanted;
            return new PublishedModel(preset, files, card, Checkpoints.open(card), type, null);
        }
        if (Devices.current().isCuda()) {
            throw new IllegalArgumentException(
                    "the integer kernels of packed models run on the CPU; leave --device out");
        }
        PackedModelFile packed = PackedModelFile.open(first);
        try {
            ModelCard card = PackedCard.read(first, packed);
            ModelFiles files = ModelFiles.open(places.subList(1, places.size())).with(first, card);
            if (!preset.mayFit(card)) {
                throw new CheckpointException(
                        first, "is a packed " + card.title() + ", which preset '" + preset.id() + "' does not run");
            }
            WeightMap weights = unquantized(packed);
            DTypes type = DTypes.of(weights.get(TYPICAL));
            if (wanted != null && wanted != type) {
                weights.close();
                throw new IllegalArgumentException(
                        first + " was packed in " + type.safetensorsName() + " and runs in it; leave --dtype out");
            }
            return new PublishedModel(preset, files, card, weights, type, packed);
        } catch (RuntimeException e) {
            packed.close();
            throw e;
        }
    }

    /** What is not quantized, in place in the packed file, and stand-ins for the weights of the quantized layers. */
    private static WeightMap unquantized(PackedModelFile packed) {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        try (TensorScope scope = TensorScope.open()) {
            packed.unquantized().entries().forEach((name, tensor) -> weights.put(name, tensor.alias()));
            DTypes type = DTypes.of(packed.unquantized().get(TYPICAL));
            weights.putAll(QuantizedModel.absentWeights(packed, type));
            return WeightMap.of(weights);
        }
    }

    /** The packed layers, whose integers lie in the mapped file; null of a model in full precision. */
    public @Nullable PackedModelFile packed() {
        return packed;
    }

    /** How the model wants keys and values to be kept: as its plan says, or as they are. */
    public KvQuantization kv() {
        return ModelFolder.kv(packed);
    }

    /** How this model can be written to the {@code config.json} of its packed form, so that {@link #open} reads it again. */
    public ObjectNode packedConfig() {
        return PackedCard.write(config(), card, preset);
    }

    /** The settings that a packed model was quantized with where its preset has others now; null where it has none, or the model does not say. */
    public @Nullable String changedSincePacking() {
        return packed == null ? null : PackedCard.difference(packed, preset);
    }

    /** Bytes of the transformer's parameters that are used as they are stored. */
    public long storedBytes() {
        return storedBytes;
    }

    /** Bytes of the transformer's parameters that are copied into the {@link #type} that is computed in. */
    public long copiedBytes() {
        return copiedBytes;
    }

    /** True where the file shows that it is the preset's model; false where only its sizes say so. */
    public boolean isRecognised() {
        return preset.fits(card);
    }

    /** Number type of weights, tokens, keys and values. */
    public DTypes type() {
        return type;
    }

    /** How it is run. */
    public Preset preset() {
        return preset;
    }

    /** Its files. */
    public ModelFiles files() {
        return files;
    }

    /** What its transformer's checkpoint is. */
    public ModelCard card() {
        return card;
    }

    /** Its transformer; its weights are converted, or moved to the device, when it is first asked for. */
    public synchronized WanTransformer transformer() {
        WanTransformer made = transformer;
        if (made == null) {
            weights = packed == null ? weights.onCurrentDevice(type) : weights;
            made = new WanTransformer(config(), weights, copiedBytes > 0);
            transformer = made;
        }
        return made;
    }

    /** Its parameters, in the mapped checkpoint where they need not be converted. */
    public WeightMap weights() {
        return transformer().weights();
    }

    /** Chunks, steps and cache of a causal model; {@code IllegalArgumentException} for the bidirectional one. */
    public RolloutConfig rollout() {
        RolloutConfig config = preset.rollout();
        if (config == null) {
            throw new IllegalArgumentException(
                    "preset '" + preset.id() + "' is the bidirectional model, which has no roll-out");
        }
        return config;
    }

    /** Shape of a video's latents, {@code [1, F, C, h, w]}. */
    public long[] latentShape() {
        return new long[] {
            1,
            preset.video().latentFrames(),
            config().inDim(),
            preset.video().latentHeight(),
            preset.video().latentWidth()
        };
    }

    /** Sizes of its transformer. */
    public WanConfig config() {
        return Objects.requireNonNull(card.config());
    }

    /** True where prompts cannot be encoded, because random weights came without a text encoder: their states are random then, too. */
    public boolean hasSyntheticText() {
        return texts.isSynthetic();
    }

    /** What is missing to encode prompts, and to decode videos where {@code decodes}; null where nothing is. */
    public @Nullable String missing(boolean decodes) {
        try {
            texts.requireFiles();
            if (decodes) {
                StreamingDecoder.of(files).requireWeights();
            }
            return null;
        } catch (MissingFileException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** Text states of each prompt, {@code [1, textLen, textDim]} in the model's number type; the encoder is in memory during this call only. */
    public List<Tensor> textStates(List<String> prompts) {
        return texts.states(prompts);
    }

    private Tensor inModelType(Tensor tensor) {
        return Ops.to(tensor, type);
    }

    /**
     * Latents of a video {@code [1, F, C, h, w]}, float32 noise drawn from {@code seed}.
     *
     * @param text text states of the prompt
     * @param negative text states of the negative prompt; needed by the bidirectional model alone
     * @param given clean latents that the video starts with, or null
     */
    public Tensor latents(
            Tensor text,
            @Nullable Tensor negative,
            @Nullable Tensor given,
            long seed,
            SiteForward sites,
            KvStore.Factory stores,
            RolloutListener listener) {
        long[] shape = latentShape();
        if (given != null) {
            requireBeginning(Tensors.shape(given));
            shape[1] -= given.size(1);
        }
        try (Seeds seeds = new Seeds(seed)) {
            return Torch.withoutGradients(() -> TensorScope.run(() -> {
                Tensor noise = seeds.normal(shape);
                Guided sampler = preset.sampler();
                if (sampler != null) {
                    return sample(sampler, noise, text, Objects.requireNonNull(negative), sites, listener);
                }
                NoiseSource fresh = NoiseSource.seeded(seeds);
                if (preset.rolling()) {
                    return new RollingForcing(
                                    transformer(), rollout(), RollingCacheSize.PUBLISHED, sites, stores, listener)
                            .run(inModelType(noise), text, fresh);
                }
                return new Rollout(transformer(), rollout(), sites, stores, listener)
                        .run(
                                inModelType(noise),
                                given == null ? null : Devices.toCurrent(inModelType(given)),
                                text,
                                fresh);
            }));
        }
    }

    /**
     * Checks that videos split into chunks, after clean latents where they start with some, and that chunks fit a rolling window.
     *
     * @param given shape of the latents, or null
     * @throws IllegalArgumentException naming frames that split, or what does not fit the video or the window
     */
    public void requireChunks(long @Nullable [] given) {
        if (given != null) {
            requireBeginning(given);
        }
        RolloutConfig config = preset.rollout();
        if (config != null) {
            if (preset.rolling()) {
                RollingForcing.requireFit(config, RollingCacheSize.PUBLISHED);
            }
            int givenFrames = given == null ? 0 : Math.toIntExact(given[1]);
            ChunkPlan.of(config, givenFrames, preset.video().latentFrames() - givenFrames);
        }
    }

    private void requireBeginning(long[] given) {
        if (preset.rolling() || !preset.isCausal()) {
            throw new IllegalArgumentException(
                    "preset '" + preset.id() + "' cannot go on from given frames; chunk-wise causal models can");
        }
        long[] shape = latentShape();
        long[] beginning = shape.clone();
        beginning[1] = given.length == shape.length ? given[1] : 0;
        if (!Arrays.equals(given, beginning) || given[1] >= shape[1]) {
            throw new IllegalArgumentException("the given latents " + Arrays.toString(given)
                    + " do not begin a video of " + Arrays.toString(shape));
        }
    }

    private Tensor sample(
            Guided guided, Tensor noise, Tensor text, Tensor negative, SiteForward sites, RolloutListener listener) {
        try (TextContext prompt = new TextContext(text);
                TextContext unwanted = new TextContext(negative)) {
            return guided.sampler().sample(transformer(), noise, prompt, unwanted, sites, listener::solved);
        }
    }

    @Override
    public void close() {
        weights.close();
        if (packed != null) {
            packed.close();
        }
    }
}
