package io.arvid.rollout.train;

import io.arvid.model.TextContext;
import io.arvid.model.wan.Tokenizer;
import io.arvid.model.wan.UmtConfig;
import io.arvid.model.wan.WanConfig;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
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
 * it, with the flow-matching loss {@code |v̂ − (ε − x₀)|²}. Batches of many first chunks, where a prompt becomes a scene, take turns with batches of a few
 * whole videos, where the scene moves on. Clean frames carry a little noise, so that the model forgives its own errors in a roll-out; a share of the
 * prompts is empty, so that guidance has something to guide away from.
 */
public final class AutoregressiveTrainer {
    /**
     * What a step trains on: the beginnings of some videos.
     *
     * @param chunks chunks of a video
     * @param videos videos of a step
     */
    public record Batch(int chunks, int videos) {}

    /**
     * Settings of a run.
     *
     * @param steps optimizer steps
     * @param cycle batches of successive steps, over and over
     * @param framesPerChunk latent frames of a chunk
     * @param clips size of the dataset
     * @param learningRate peak learning rate
     * @param shift shift of the noise schedule
     * @param contextNoise largest standard deviation of the noise on clean frames
     * @param promptDropout share of videos without a prompt
     * @param seed seed of weights and data
     * @param saveEvery steps between two saved states
     */
    public record Settings(
            long steps,
            List<Batch> cycle,
            int framesPerChunk,
            int clips,
            double learningRate,
            double shift,
            double contextNoise,
            double promptDropout,
            long seed,
            long saveEvery) {
        Batch batchAt(long step) {
            return cycle.get((int) (step % cycle.size()));
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
                ClipPrefetch prefetch = new ClipPrefetch(dataset);
                TeacherForcing forcing = new TeacherForcing(
                        config, settings.framesPerChunk(), (int) latentSize(2), (int) latentSize(3))) {
            TrainingState.restore(state, optimizer, recipe);
            LearningRate rate = new LearningRate(settings.learningRate(), 100, settings.steps(), 0.4);
            while (optimizer.steps() < settings.steps()) {
                long step = optimizer.steps();
                prefetch.request(clipIndices(step + 1), framesAt(step + 1));
                try (TensorScope stepScope = TensorScope.open()) {
                    parameters.clearGradients();
                    Tensor loss = loss(Networks.of(config, textConfig, parameters.weights()), forcing, step);
                    loss.backward();
                    double norm = parameters.clipGradients(1);
                    optimizer.step(rate.at(step));
                    listener.onStep("transformer", step + 1, settings.steps(), Tensors.item(loss), norm);
                }
                if (optimizer.steps() % settings.saveEvery() == 0) {
                    TrainingState.save(state, optimizer, recipe);
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
        int available = (int) Math.min(settings.clips(), 512 + 8 * step);
        return IntStream.range(0, settings.batchAt(step).videos())
                .map(i -> random.nextInt(available))
                .toArray();
    }

    private int framesAt(long step) {
        return settings.batchAt(step).chunks() * settings.framesPerChunk();
    }

    private Tensor loss(Networks networks, TeacherForcing forcing, long step) {
        int frames = framesAt(step);
        int chunks = settings.batchAt(step).chunks();
        SplittableRandom dropout = new SplittableRandom(~(settings.seed() * 31 + step));
        List<Tensor> clips = new ArrayList<>();
        List<String> prompts = new ArrayList<>();
        for (int index : clipIndices(step)) {
            LatentDataset.Clip clip = dataset.clip(index, frames);
            clips.add(Ops.slice(clip.latents(), 0, 0, frames));
            prompts.add(dropout.nextDouble() < settings.promptDropout() ? "" : clip.prompt());
        }
        Tensor clean = Ops.stack(0, clips);
        try (Seeds seeds = new Seeds(settings.seed() * 1_000_003 + step);
                TextContext text = networks.text(tokenizer.encode(prompts))) {
            Tensor timesteps = timesteps(seeds, clips.size(), chunks);
            Tensor sigma = Ops.div(timesteps, 1000).view(clips.size(), frames, 1, 1, 1);
            Tensor noise = seeds.normal(Tensors.shape(clean));
            Tensor noisy = clean.add(sigma.mul(noise.sub(clean)));
            Tensor spread = Ops.mul(seeds.uniform(clips.size(), 1, 1, 1, 1), settings.contextNoise());
            Tensor before = Ops.slice(clean, 1, 0, frames - settings.framesPerChunk());
            Tensor context = before.add(seeds.normal(Tensors.shape(before)).mul(spread));
            Tensor flow = forcing.flow(networks.transformer(), context, noisy, timesteps, text);
            return Ops.meanSquaredError(flow, noise.sub(clean));
        }
    }

    /** One timestep a chunk, {@code [B, F]}: uniform, then shifted. */
    private Tensor timesteps(Seeds seeds, int batch, int chunks) {
        Tensor uniform = seeds.uniform(batch, chunks);
        Tensor shifted = Ops.mul(uniform, settings.shift()).div(Ops.add(Ops.mul(uniform, settings.shift() - 1), 1));
        return Ops.repeatInterleave(Ops.mul(shifted, 1000), settings.framesPerChunk(), 1);
    }

    private static Map<String, Tensor> prefixed(Map<String, Tensor> gains) {
        Map<String, Tensor> prefixed = new LinkedHashMap<>();
        gains.forEach((name, gain) -> prefixed.put(TRANSFORMER + name, gain));
        return prefixed;
    }
}
