package io.arvid.rollout.train;

import io.arvid.model.RolloutStep;
import io.arvid.model.TextContext;
import io.arvid.model.wan.FullAttention;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanRope;
import io.arvid.model.wan.WanTransformer;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * Trains a transformer to denoise whole clips, every token seeing every other, with the flow-matching loss {@code |v̂ − (ε − x₀)|²} and one noise level a
 * clip, as Wan 2.1 is trained. Starts from given weights, such as those of a causal model; the text encoder stays as it is.
 */
public final class BidirectionalTrainer {
    /**
     * Settings of a run.
     *
     * @param steps optimizer steps
     * @param batch clips of a step
     * @param frames latent frames of a clip
     * @param clips size of the dataset
     * @param learningRate peak learning rate
     * @param shift shift of the noise levels
     * @param seed of the data order and noise
     * @param saveEvery steps between two saved states
     */
    public record Settings(
            long steps,
            int batch,
            int frames,
            int clips,
            double learningRate,
            double shift,
            long seed,
            long saveEvery) {}

    private final String source;
    private final WanConfig config;
    private final LatentDataset dataset;
    private final Function<List<String>, Tensor> textStates;
    private final Settings settings;

    /**
     * A trainer.
     *
     * @param source names initial weights and data: a run goes on only with the same
     * @param textStates text states {@code [B, L, textDim]} of prompts
     */
    public BidirectionalTrainer(
            String source,
            WanConfig config,
            Function<List<String>, Tensor> textStates,
            LatentDataset dataset,
            Settings settings) {
        this.source = source;
        this.config = config;
        this.dataset = dataset;
        this.textStates = textStates;
        this.settings = settings;
    }

    /** Trains from {@code initial}, or goes on from {@code state}; returns the averaged weights, which the caller owns. */
    public Map<String, Tensor> train(WeightMap initial, Path state, TrainingListener listener) {
        try (TensorScope scope = TensorScope.open();
                TrainableParameters parameters =
                        new TrainableParameters(initial.entries(), InitialWeights::isHiddenMatrix, Map.of());
                ClipPrefetch prefetch = new ClipPrefetch(dataset)) {
            TrainingLoop loop = new TrainingLoop(
                    "bidirectional",
                    "bidirectional " + config + " " + settings + " of " + source,
                    settings.steps(),
                    new LearningRate(settings.learningRate(), 50, settings.steps(), 0.4),
                    Optimizer.Settings.SHORT_RUN,
                    settings.saveEvery());
            return loop.run(
                    parameters,
                    step -> {
                        prefetch.request(clips(step + 1), settings.frames());
                        return loss(parameters.weights(), step);
                    },
                    state,
                    listener);
        }
    }

    private int[] clips(long step) {
        SplittableRandom random = new SplittableRandom(settings.seed() * 31 + step);
        return IntStream.range(0, settings.batch())
                .map(i -> random.nextInt(settings.clips()))
                .toArray();
    }

    private Tensor loss(WeightMap weights, long step) {
        List<Tensor> clips = new ArrayList<>();
        List<String> prompts = new ArrayList<>();
        for (int index : clips(step)) {
            LatentDataset.Clip clip = dataset.clip(index, settings.frames());
            clips.add(Ops.slice(clip.latents(), 0, 0, settings.frames()));
            prompts.add(clip.prompt());
        }
        Tensor clean = Ops.stack(0, clips);
        try (Seeds seeds = new Seeds(settings.seed() * 1_000_003 + step);
                WeightMap rounded = MixedPrecision.of(weights);
                WanRope rope = new WanRope(config.headDim());
                TextContext text = new TextContext(MixedPrecision.of(textStates.apply(prompts)))) {
            Tensor timesteps = timesteps(seeds, clips.size());
            Tensor noise = seeds.normal(Tensors.shape(clean));
            Tensor sigma = Ops.div(timesteps, 1000).view(-1, 1, 1, 1, 1);
            Tensor noisy = clean.add(sigma.mul(noise.sub(clean)));
            WanTransformer transformer = new WanTransformer(config, rounded);
            Tensor flow = transformer.forward(
                    MixedPrecision.of(noisy),
                    timesteps,
                    text,
                    RolloutStep.wholeClip(settings.frames(), 0),
                    transformer.fullPrecision(),
                    attention(rope, clean));
            return Ops.meanSquaredError(Ops.toF32(flow), noise.sub(clean));
        }
    }

    private FullAttention attention(WanRope rope, Tensor clean) {
        int[] frames = WanRope.frames(0, settings.frames());
        int height = (int) clean.size(3) / config.patchSize()[1];
        int width = (int) clean.size(4) / config.patchSize()[2];
        return new FullAttention(rope, frames, height, width, null);
    }

    /** One shifted timestep a clip, {@code [B, 1]}. */
    private Tensor timesteps(Seeds seeds, int batch) {
        float[] timesteps = Tensors.toFloats(seeds.uniform(batch));
        for (int i = 0; i < batch; i++) {
            double u = timesteps[i];
            timesteps[i] = (float) (1000 * settings.shift() * u / (1 + (settings.shift() - 1) * u));
        }
        return Tensors.of(timesteps, batch, 1);
    }
}
