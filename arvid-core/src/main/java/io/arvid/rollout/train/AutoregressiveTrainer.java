package io.arvid.rollout.train;

import io.arvid.model.RolloutStep;
import io.arvid.model.TextContext;
import io.arvid.model.wan.Tokenizer;
import io.arvid.model.wan.UmtConfig;
import io.arvid.model.wan.UmtTextEncoder;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Trains the causal transformer and its text encoder teacher-forced: every chunk is denoised from its own noise level given the clean chunks before
 * it, with the flow-matching loss {@code |v̂ − (ε − x₀)|²}. Runs in stages of growing length, since a few chunks already show prompt and motion at a
 * fraction of the cost. Clean frames carry a little noise, so that the model forgives its own errors in a roll-out.
 */
public final class AutoregressiveTrainer {
    /**
     * A stretch of training on the first chunks of the videos.
     *
     * @param steps optimizer steps
     * @param chunks chunks of a video
     * @param batch videos of a step
     */
    public record Stage(long steps, int chunks, int batch) {}

    /**
     * Settings of a run.
     *
     * @param stages in order
     * @param framesPerChunk latent frames of a chunk
     * @param clips size of the dataset
     * @param learningRate peak learning rate
     * @param shift shift of the noise schedule
     * @param rolloutTimesteps the few timesteps of the roll-out
     * @param rolloutShare share of chunks that are trained at one of those instead of a random timestep
     * @param contextNoise largest standard deviation of the noise on clean frames
     * @param seed seed of weights and data
     * @param saveEvery steps between two saved states
     */
    public record Settings(
            List<Stage> stages,
            int framesPerChunk,
            int clips,
            double learningRate,
            double shift,
            List<Double> rolloutTimesteps,
            double rolloutShare,
            double contextNoise,
            long seed,
            long saveEvery) {
        /** Optimizer steps of all stages. */
        public long steps() {
            return stages.stream().mapToLong(Stage::steps).sum();
        }

        Stage stageAt(long step) {
            for (Stage stage : stages) {
                if (step < stage.steps()) {
                    return stage;
                }
                step -= stage.steps();
            }
            return stages.getLast();
        }
    }

    /** Prefix of the transformer's parameters while both networks train together. */
    static final String TRANSFORMER = "transformer.";
    /** Prefix of the text encoder's parameters while both networks train together. */
    static final String TEXT = "text.";

    private final WanConfig config;
    private final UmtConfig textConfig;
    private final Tokenizer tokenizer;
    private final LatentDataset dataset;
    private final Settings settings;

    /** A trainer of networks of these sizes on {@code dataset}. */
    public AutoregressiveTrainer(
            WanConfig config, UmtConfig textConfig, Tokenizer tokenizer, LatentDataset dataset, Settings settings) {
        this.config = config;
        this.textConfig = textConfig;
        this.tokenizer = tokenizer;
        this.dataset = dataset;
        this.settings = settings;
    }

    /**
     * Trains, or goes on from {@code state}; returns the averaged weights of both networks under {@code transformer.} and {@code text.}, which the
     * caller owns.
     */
    public Map<String, Tensor> train(Path state, TrainingListener listener) {
        return train(InitialWeights.of(config, textConfig, settings.seed()), true, state, listener);
    }

    /** As {@link #train(Path, TrainingListener)}, from the weights that an earlier run returned. */
    public Map<String, Tensor> goOn(Map<String, Tensor> earlier, Path state, TrainingListener listener) {
        return train(earlier, false, state, listener);
    }

    private Map<String, Tensor> train(
            Map<String, Tensor> initial, boolean plant, Path state, TrainingListener listener) {
        Torch.flushDenormals();
        String recipe = config + " " + textConfig + " " + settings;
        try (TensorScope scope = TensorScope.open();
                TrainableParameters parameters = new TrainableParameters(
                        initial,
                        InitialWeights::isHiddenMatrix,
                        plant ? prefixed(PlantedOutliers.gains(config, settings.seed())) : Map.of());
                Optimizer optimizer = new Optimizer(parameters, Optimizer.Settings.DEFAULT);
                ClipPrefetch prefetch = new ClipPrefetch(dataset)) {
            TrainingState.restore(state, optimizer, recipe);
            WanTransformer transformer = new WanTransformer(config, part(parameters.weights(), TRANSFORMER));
            UmtTextEncoder encoder = new UmtTextEncoder(textConfig, part(parameters.weights(), TEXT));
            LearningRate rate = new LearningRate(settings.learningRate(), 100, settings.steps(), 0.4);
            try (TeacherForcing forcing =
                    new TeacherForcing(config, settings.framesPerChunk(), (int) latentSize(2), (int) latentSize(3))) {
                while (optimizer.steps() < settings.steps()) {
                    long step = optimizer.steps();
                    prefetch.request(clipIndices(step + 1), framesAt(step + 1));
                    try (TensorScope stepScope = TensorScope.open()) {
                        parameters.clearGradients();
                        Tensor loss = loss(transformer, encoder, forcing, step);
                        loss.backward();
                        double norm = parameters.clipGradients(1);
                        optimizer.step(rate.at(step));
                        listener.onStep("transformer", step + 1, settings.steps(), Tensors.item(loss), norm);
                    }
                    if (optimizer.steps() % settings.saveEvery() == 0) {
                        TrainingState.save(state, optimizer, recipe);
                    }
                }
            }
            TrainingState.save(state, optimizer, recipe);
            Map<String, Tensor> weights = parameters.namedCopies(optimizer.average());
            weights.values().forEach(TensorScope::own);
            return weights;
        }
    }

    private long latentSize(int dimension) {
        return dataset.clip(0, settings.framesPerChunk()).latents().size(dimension);
    }

    /** Clips of a step: drawn from a part of the dataset that grows, so that training can begin while most of it is still to be encoded. */
    private int[] clipIndices(long step) {
        SplittableRandom random = new SplittableRandom(settings.seed() * 31 + step);
        int available = (int) Math.min(settings.clips(), 256 + 2 * step);
        return IntStream.range(0, settings.stageAt(step).batch())
                .map(i -> random.nextInt(available))
                .toArray();
    }

    private int framesAt(long step) {
        return settings.stageAt(step).chunks() * settings.framesPerChunk();
    }

    private Tensor loss(WanTransformer transformer, UmtTextEncoder encoder, TeacherForcing forcing, long step) {
        Stage stage = settings.stageAt(step);
        int frames = framesAt(step);
        List<Tensor> clips = new ArrayList<>();
        List<String> prompts = new ArrayList<>();
        for (int index : clipIndices(step)) {
            LatentDataset.Clip clip = dataset.clip(index, frames);
            clips.add(Ops.slice(clip.latents(), 0, 0, frames));
            prompts.add(clip.prompt());
        }
        Tensor clean = Ops.stack(0, clips);
        try (Seeds seeds = new Seeds(settings.seed() * 1_000_003 + step)) {
            Tensor timesteps = timesteps(seeds, clips.size(), stage.chunks());
            Tensor sigma = Ops.div(timesteps, 1000).view(clips.size(), frames, 1, 1, 1);
            Tensor noise = seeds.normal(Tensors.shape(clean));
            Tensor noisy = clean.add(sigma.mul(noise.sub(clean)));
            Tensor spread = Ops.mul(seeds.uniform(clips.size(), 1, 1, 1, 1), settings.contextNoise());
            Tensor before = Ops.slice(clean, 1, 0, frames - settings.framesPerChunk());
            Tensor context = before.add(seeds.normal(Tensors.shape(before)).mul(spread));
            Tensor flow = forward(transformer, encoder, forcing, stage.chunks(), context, noisy, timesteps, prompts);
            return Ops.meanSquaredError(flow, noise.sub(clean));
        }
    }

    /** Flow of the noisy half {@code [B, F, C, h, w]} of the sequence [context ; noisy]. */
    private Tensor forward(
            WanTransformer transformer,
            UmtTextEncoder encoder,
            TeacherForcing forcing,
            int chunks,
            Tensor context,
            Tensor noisy,
            Tensor timesteps,
            List<String> prompts) {
        Tokenizer.Tokens tokens = tokenizer.encode(prompts);
        Tensor latents = Ops.cat(1, context, noisy);
        Tensor times = Ops.cat(1, Tensors.zeros(DTypes.F32, context.size(0), context.size(1)), timesteps);
        try (TextContext text = new TextContext(encoder.encodeZeroPadded(tokens.ids(), tokens.mask()))) {
            Tensor flow = transformer.forward(
                    latents,
                    times,
                    text,
                    RolloutStep.wholeClip((int) latents.size(1), 0),
                    transformer.fullPrecision(),
                    forcing.attention(chunks));
            return Ops.slice(flow, 1, context.size(1), latents.size(1));
        }
    }

    /** One timestep a chunk, {@code [B, F]}: one of the roll-out's, or uniform and shifted. */
    private Tensor timesteps(Seeds seeds, int batch, int chunks) {
        float[] draws = Tensors.toFloats(seeds.uniform(batch, chunks, 2));
        float[] timesteps = new float[batch * chunks * settings.framesPerChunk()];
        for (int i = 0; i < batch * chunks; i++) {
            double u = draws[2 * i + 1];
            double t = draws[2 * i] < settings.rolloutShare()
                    ? settings.rolloutTimesteps()
                            .get((int) (u * settings.rolloutTimesteps().size()))
                    : 1000 * settings.shift() * u / (1 + (settings.shift() - 1) * u);
            for (int frame = 0; frame < settings.framesPerChunk(); frame++) {
                timesteps[i * settings.framesPerChunk() + frame] = (float) t;
            }
        }
        return Tensors.of(timesteps, batch, (long) chunks * settings.framesPerChunk());
    }

    private static Map<String, Tensor> prefixed(Map<String, Tensor> gains) {
        Map<String, Tensor> prefixed = new LinkedHashMap<>();
        gains.forEach((name, gain) -> prefixed.put(TRANSFORMER + name, gain));
        return prefixed;
    }

    /** The tensors whose names begin with {@code prefix}, without it. */
    static WeightMap part(WeightMap weights, String prefix) {
        Map<String, Tensor> part = new LinkedHashMap<>();
        weights.entries().forEach((name, tensor) -> {
            if (name.startsWith(prefix)) {
                part.put(name.substring(prefix.length()), tensor);
            }
        });
        return WeightMap.of(part);
    }
}
