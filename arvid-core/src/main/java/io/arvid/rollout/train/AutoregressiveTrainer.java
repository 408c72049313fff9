package io.arvid.rollout.train;

import io.arvid.model.TextContext;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/**
 * Trains the causal transformer teacher-forced, on the states of a text encoder that stays as it is: every chunk is denoised from its own noise level given the clean chunks before
 * it, with the flow-matching loss {@code |v̂ − (ε − x₀)|²}. Batches of many first chunks, where a prompt becomes a scene, take turns with batches of a few
 * whole videos, where the scene moves on. Clean frames carry a little noise, so that the model forgives its own errors in a roll-out; a share of the
 * prompts is empty, so that guidance has something to guide away from.
 */
public final class AutoregressiveTrainer {
    /**
     * Settings of a run.
     *
     * @param steps optimizer steps
     * @param data what the steps train on
     * @param learningRate peak learning rate
     * @param decayShare share of the run, at its end, over which the learning rate falls to 0
     * @param shift shift of the noise schedule
     * @param saveEvery steps between two saved states
     */
    public record Settings(
            long steps,
            TeacherForcedBatches.Settings data,
            double learningRate,
            double decayShare,
            double shift,
            long saveEvery) {}

    private final WanConfig config;
    private final Function<List<String>, Tensor> textStates;
    private final LatentDataset dataset;
    private final Settings settings;

    /**
     * A trainer of transformers of {@code config} on {@code dataset}.
     *
     * @param textStates text states {@code [B, L, textDim]} of prompts
     */
    public AutoregressiveTrainer(
            WanConfig config, Function<List<String>, Tensor> textStates, LatentDataset dataset, Settings settings) {
        this.config = config;
        this.textStates = textStates;
        this.dataset = dataset;
        this.settings = settings;
    }

    /** Trains, or goes on from {@code state}; returns the averaged weights, which the caller owns. */
    public Map<String, Tensor> train(Path state, TrainingListener listener) {
        long seed = settings.data().seed();
        return train(InitialWeights.of(config, seed), PlantedOutliers.gains(config, seed), state, listener);
    }

    /** As {@link #train(Path, TrainingListener)}, from the weights that an earlier run returned. */
    public Map<String, Tensor> goOn(Map<String, Tensor> earlier, Path state, TrainingListener listener) {
        return train(earlier, Map.of(), state, listener);
    }

    private Map<String, Tensor> train(
            Map<String, Tensor> initial, Map<String, Tensor> gains, Path state, TrainingListener listener) {
        try (TensorScope scope = TensorScope.open();
                TrainableParameters parameters =
                        new TrainableParameters(initial, InitialWeights::isHiddenMatrix, gains);
                TeacherForcedBatches batches = new TeacherForcedBatches(dataset, settings.data());
                TeacherForcing forcing = batches.forcing(config)) {
            TrainingLoop loop = new TrainingLoop(
                    "transformer",
                    config + " " + settings,
                    settings.steps(),
                    new LearningRate(settings.learningRate(), 100, settings.steps(), settings.decayShare()),
                    Optimizer.Settings.SHORT_RUN,
                    settings.saveEvery());
            return loop.run(
                    parameters,
                    step -> {
                        batches.prepare(step + 1);
                        return loss(parameters.weights(), batches.at(step), forcing, step);
                    },
                    state,
                    listener);
        }
    }

    private Tensor loss(WeightMap weights, TeacherForcedBatches.Batch batch, TeacherForcing forcing, long step) {
        Tensor clean = batch.clean();
        long videos = clean.size(0);
        long frames = clean.size(1);
        try (Seeds seeds = new Seeds(settings.data().seed() * 1_000_003 + step);
                WeightMap rounded = MixedPrecision.of(weights);
                TextContext text = new TextContext(MixedPrecision.of(textStates.apply(batch.prompts())))) {
            Tensor timesteps = timesteps(seeds, videos, frames / settings.data().framesPerChunk());
            Tensor sigma = Ops.div(timesteps, 1000).view(videos, frames, 1, 1, 1);
            Tensor noise = seeds.normal(Tensors.shape(clean));
            Tensor noisy = clean.add(sigma.mul(noise.sub(clean)));
            WanTransformer transformer = new WanTransformer(config, rounded);
            Tensor flow = forcing.flow(transformer, batch.context(), noisy, timesteps, text);
            return Ops.meanSquaredError(flow, noise.sub(clean));
        }
    }

    /** One timestep a chunk, {@code [B, F]}: uniform, then shifted. */
    private Tensor timesteps(Seeds seeds, long videos, long chunks) {
        Tensor uniform = seeds.uniform(videos, chunks);
        Tensor shifted = Ops.mul(uniform, settings.shift()).div(Ops.add(Ops.mul(uniform, settings.shift() - 1), 1));
        return Ops.repeatInterleave(Ops.mul(shifted, 1000), settings.data().framesPerChunk(), 1);
    }
}
