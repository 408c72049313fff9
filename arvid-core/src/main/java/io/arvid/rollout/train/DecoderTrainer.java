package io.arvid.rollout.train;

import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Goes on training the decoder alone, so that the latent space stays what the transformer was trained on. Clips are long enough that most frames have a
 * full past, and latents carry a little noise, as generated ones do. Loss: {@code 10·MSE + 0.5·L1} of the frames.
 */
public final class DecoderTrainer {
    private static final String DECODER = "decoder.";

    private final ClipBatches batches;
    private final TinyVideoAutoencoder.Config config;
    private final AutoencoderTrainer.Settings settings;

    /** A trainer of decoders of {@code config} on {@code world}. */
    public DecoderTrainer(ShapesWorld world, TinyVideoAutoencoder.Config config, AutoencoderTrainer.Settings settings) {
        this.batches = new ClipBatches(world, settings.clips(), settings.frames(), settings.seed());
        this.config = config;
        this.settings = settings;
    }

    /** Trains the decoder of {@code autoencoder}, or goes on from {@code state}; returns all weights, which the caller owns. */
    public Map<String, Tensor> train(WeightMap autoencoder, Path state, TrainingListener listener) {
        try (TensorScope scope = TensorScope.open();
                TrainableParameters parameters = new TrainableParameters(
                        part(autoencoder, true), AutoencoderTrainer::isHiddenKernel, Map.of())) {
            TrainingLoop loop = new TrainingLoop(
                    "decoder",
                    "decoder " + config.encoderWidth() + " " + Arrays.toString(config.decoderWidths()) + " " + settings,
                    settings.steps(),
                    new LearningRate(settings.learningRate(), 50, settings.steps(), 0.6),
                    Optimizer.Settings.SHORT_RUN,
                    settings.saveEvery());
            Map<String, Tensor> weights = run(loop, parameters, autoencoder, state, listener);
            part(autoencoder, false).forEach((name, tensor) -> weights.put(name, TensorScope.own(Ops.copy(tensor))));
            return weights;
        }
    }

    private Map<String, Tensor> run(
            TrainingLoop loop,
            TrainableParameters parameters,
            WeightMap autoencoder,
            Path state,
            TrainingListener listener) {
        Map<String, Tensor> all = part(autoencoder, false);
        all.putAll(parameters.weights().entries());
        try (WeightMap weightsInTraining = WeightMap.of(all)) {
            return loop.run(parameters, step -> loss(weightsInTraining, step), state, listener);
        }
    }

    private Tensor loss(WeightMap weights, long step) {
        try (WeightMap rounded = MixedPrecision.of(weights)) {
            return loss(new TinyVideoAutoencoder(config, rounded), step);
        }
    }

    private Tensor loss(TinyVideoAutoencoder network, long step) {
        Tensor frames = batches.at(step, step < settings.cropSteps() ? settings.cropSize() : 0);
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
