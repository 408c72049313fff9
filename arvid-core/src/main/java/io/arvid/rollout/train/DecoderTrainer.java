package io.arvid.rollout.train;

import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Goes on training the decoder alone, so that the latent space stays what the transformer was trained on. Clips are long enough that most frames have a
 * full past, and latents carry a little noise, as generated ones do. Loss: {@code 10·MSE + 0.5·L1} of the frames.
 */
public final class DecoderTrainer {
    /**
     * Settings of a run.
     *
     * @param cropSteps optimizer steps on square crops
     * @param wholeSteps optimizer steps on whole frames after that
     * @param cropSize side of a crop in pixels
     * @param clips clips of a step
     * @param frames frames of a clip, a multiple of four
     * @param latentNoise standard deviation of the noise on latents, as a share of their own
     * @param learningRate peak learning rate
     * @param seed seed of the data
     * @param saveEvery steps between two saved states
     */
    public record Settings(
            long cropSteps,
            long wholeSteps,
            int cropSize,
            int clips,
            int frames,
            double latentNoise,
            double learningRate,
            long seed,
            long saveEvery) {
        /** Optimizer steps of the whole run. */
        public long steps() {
            return cropSteps + wholeSteps;
        }
    }

    private static final String DECODER = "decoder.";

    private final ClipBatches batches;
    private final TinyVideoAutoencoder.Config config;
    private final Settings settings;

    /** A trainer of decoders of {@code config} on {@code world}. */
    public DecoderTrainer(ShapesWorld world, TinyVideoAutoencoder.Config config, Settings settings) {
        this.batches = new ClipBatches(world, settings.clips(), settings.frames(), settings.seed());
        this.config = config;
        this.settings = settings;
    }

    /** Trains the decoder of {@code autoencoder}, or goes on from {@code state}; returns all weights, which the caller owns. */
    public Map<String, Tensor> train(WeightMap autoencoder, Path state, TrainingListener listener) {
        Torch.flushDenormals();
        String recipe =
                "decoder " + config.encoderWidth() + " " + Arrays.toString(config.decoderWidths()) + " " + settings;
        try (TensorScope scope = TensorScope.open();
                TrainableParameters parameters =
                        new TrainableParameters(part(autoencoder, true), AutoencoderTrainer::isHiddenKernel, Map.of());
                Optimizer optimizer = new Optimizer(parameters, Optimizer.Settings.DEFAULT)) {
            TrainingState.restore(state, optimizer, recipe);
            Map<String, Tensor> all = part(autoencoder, false);
            all.putAll(parameters.weights().entries());
            WeightMap weightsInTraining = WeightMap.of(all);
            LearningRate rate = new LearningRate(settings.learningRate(), 50, settings.steps(), 0.6);
            while (optimizer.steps() < settings.steps()) {
                long step = optimizer.steps();
                try (TensorScope stepScope = TensorScope.open()) {
                    parameters.clearGradients();
                    Tensor loss = loss(weightsInTraining, step);
                    loss.backward();
                    double norm = parameters.clipGradients(1);
                    optimizer.step(rate.at(step));
                    listener.onStep("decoder", step + 1, settings.steps(), Tensors.item(loss), norm);
                }
                if (optimizer.steps() % settings.saveEvery() == 0) {
                    TrainingState.save(state, optimizer, recipe);
                }
            }
            TrainingState.save(state, optimizer, recipe);
            Map<String, Tensor> weights = new LinkedHashMap<>();
            part(autoencoder, false).forEach((name, tensor) -> weights.put(name, Ops.copy(tensor)));
            weights.putAll(parameters.namedCopies(optimizer.average()));
            weights.values().forEach(TensorScope::own);
            return weights;
        }
    }

    private Tensor loss(WeightMap weights, long step) {
        Tensor frames = batches.at(step, step < settings.cropSteps() ? settings.cropSize() : 0);
        TinyVideoAutoencoder network = new TinyVideoAutoencoder(config, MixedPrecision.of(weights));
        Tensor latents = Torch.withoutGradients(() -> TensorScope.run(() -> {
            Tensor clean = network.encode(MixedPrecision.of(frames));
            return clean.add(LatentNoise.of(clean, settings.latentNoise(), settings.seed() * 1_000_003 + step));
        }));
        Tensor difference = Ops.toF32(network.decode(latents)).sub(frames);
        return Ops.mul(difference.square().mean(), AutoencoderTrainer.MSE_WEIGHT)
                .add(Ops.mul(difference.abs().mean(), AutoencoderTrainer.L1_WEIGHT));
    }

    /** The decoder's tensors or the others; by name, so that a saved state means the same whatever order the weights came in. */
    private static Map<String, Tensor> part(WeightMap autoencoder, boolean decoder) {
        Map<String, Tensor> part = new TreeMap<>();
        autoencoder.entries().forEach((name, tensor) -> {
            if (name.startsWith(DECODER) == decoder) {
                part.put(name, tensor);
            }
        });
        return part;
    }
}
