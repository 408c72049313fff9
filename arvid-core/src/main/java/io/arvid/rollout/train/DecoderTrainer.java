package io.arvid.rollout.train;

import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
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
            TinyVideoAutoencoder network = new TinyVideoAutoencoder(config, WeightMap.of(all));
            LearningRate rate = new LearningRate(settings.learningRate(), 50, settings.steps(), 0.6);
            while (optimizer.steps() < settings.steps()) {
                long step = optimizer.steps();
                try (TensorScope stepScope = TensorScope.open()) {
                    parameters.clearGradients();
                    Tensor loss = loss(network, step);
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

    private Tensor loss(TinyVideoAutoencoder network, long step) {
        Tensor frames = batches.at(step, step < settings.cropSteps() ? settings.cropSize() : 0);
        Tensor latents = Torch.withoutGradients(() -> TensorScope.run(() -> noisy(network.encode(frames), step)));
        Tensor difference = network.decode(latents).sub(frames);
        return Ops.mul(difference.square().mean(), AutoencoderTrainer.MSE_WEIGHT)
                .add(Ops.mul(difference.abs().mean(), AutoencoderTrainer.L1_WEIGHT));
    }

    private Tensor noisy(Tensor latents, long step) {
        Tensor mean = Ops.mean(latents, true, 0, 1, 3, 4);
        Tensor spread = Ops.mean(latents.sub(mean).square(), true, 0, 1, 3, 4).sqrt();
        try (Seeds seeds = new Seeds(settings.seed() * 1_000_003 + step)) {
            Tensor noise = seeds.normal(Tensors.shape(latents));
            return latents.add(noise.mul(Ops.mul(spread, settings.latentNoise())));
        }
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
