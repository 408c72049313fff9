package io.arvid.rollout.train;

import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Trains the tiny video autoencoder on clips of the shapes world: {@code 10·MSE + 0.5·L1} of the frames, and a weak pull of each latent channel to
 * zero mean and unit variance.
 *
 * <p>The first three channels are pulled to the mean color of the pixels that they stand for. Left to itself so small an encoder lays all colors on one
 * line, yellow, red, magenta, green, cyan, blue, on which whatever lies between two colors is a third one: a generator that errs a little paints another
 * color.
 */
public final class AutoencoderTrainer {
    /**
     * Settings of a run.
     *
     * @param cropSteps optimizer steps on square crops, which cost a fraction of whole frames
     * @param wholeSteps optimizer steps on whole frames after that
     * @param cropSize side of a crop in pixels
     * @param clips clips of a step
     * @param frames frames of a clip, a multiple of four
     * @param latentNoise largest standard deviation of the noise on latents before they are decoded, as a share of their own
     * @param learningRate peak learning rate
     * @param seed seed of weights and data
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

    static final double MSE_WEIGHT = 10;
    static final double L1_WEIGHT = 0.5;
    private static final double LATENT_WEIGHT = 1e-3;
    private static final double COLOR_WEIGHT = 1;
    private static final int COLORS = 3;

    private final ClipBatches batches;
    private final TinyVideoAutoencoder.Config config;
    private final Settings settings;

    /** A trainer of networks of {@code config} on {@code world}. */
    public AutoencoderTrainer(ShapesWorld world, TinyVideoAutoencoder.Config config, Settings settings) {
        this.batches = new ClipBatches(world, settings.clips(), settings.frames(), settings.seed());
        this.config = config;
        this.settings = settings;
    }

    /** Trains, or goes on from {@code state}; returns the averaged weights, which the caller owns. */
    public Map<String, Tensor> train(Path state, TrainingListener listener) {
        try (TensorScope scope = TensorScope.open();
                TrainableParameters parameters =
                        new TrainableParameters(initialWeights(), AutoencoderTrainer::isHiddenKernel, Map.of())) {
            TrainingLoop loop = new TrainingLoop(
                    "autoencoder",
                    config.encoderWidth() + " " + Arrays.toString(config.decoderWidths()) + " " + settings,
                    settings.steps(),
                    new LearningRate(settings.learningRate(), 50, settings.steps(), 0.5),
                    Optimizer.Settings.SHORT_RUN,
                    settings.saveEvery());
            return loop.run(parameters, step -> loss(parameters.weights(), step), state, listener);
        }
    }

    /** All kernels but those that touch pixels and latents. */
    static boolean isHiddenKernel(String name) {
        return name.endsWith(".weight") && !name.matches("(encoder\\.(0|17)|decoder\\.(1|22))\\.weight");
    }

    private Tensor loss(WeightMap weights, long step) {
        try (WeightMap rounded = MixedPrecision.of(weights)) {
            return loss(new TinyVideoAutoencoder(config, rounded), step);
        }
    }

    private Tensor loss(TinyVideoAutoencoder autoencoder, long step) {
        Tensor frames = batches.at(step, step < settings.cropSteps() ? settings.cropSize() : 0);
        Tensor latents = autoencoder.encode(MixedPrecision.of(frames));
        Tensor noisy = settings.latentNoise() == 0
                ? latents
                : latents.add(LatentNoise.of(latents, settings.latentNoise(), settings.seed() * 1_000_003 + step));
        Tensor difference = Ops.toF32(autoencoder.decode(noisy)).sub(frames);
        Tensor reconstruction = Ops.mul(difference.square().mean(), MSE_WEIGHT)
                .add(Ops.mul(difference.abs().mean(), L1_WEIGHT));
        Tensor values = Ops.toF32(latents);
        Tensor mean = Ops.mean(values, false, 0, 1, 3, 4);
        Tensor power = Ops.mean(values.square(), false, 0, 1, 3, 4);
        Tensor spread = Ops.add(power, -1).square().mean().add(mean.square().mean());
        Tensor color = Ops.meanSquaredError(Ops.slice(values, 2, 0, COLORS), meanColors(frames, values));
        return reconstruction.add(Ops.mul(spread, LATENT_WEIGHT)).add(Ops.mul(color, COLOR_WEIGHT));
    }

    /** Mean color, in [−1, 1], of the pixels that each place of {@code latents [B, F, C, h, w]} stands for: {@code [B, F, 3, h, w]}. */
    private static Tensor meanColors(Tensor frames, Tensor latents) {
        long clips = latents.size(0);
        long times = latents.size(1);
        long height = latents.size(3);
        long width = latents.size(4);
        Tensor blocks = frames.view(
                clips,
                times,
                frames.size(1) / times,
                COLORS,
                height,
                frames.size(3) / height,
                width,
                frames.size(4) / width);
        return Ops.add(Ops.mul(Ops.mean(blocks, false, 2, 5, 7), 2), -1);
    }

    /** He initialization; the last convolution of each residual branch at a fifth, and a small last layer. */
    private Map<String, Tensor> initialWeights() {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        try (Seeds seeds = new Seeds(settings.seed())) {
            String last = config.parameterShapes().keySet().stream()
                    .filter(name -> name.startsWith("decoder.") && name.endsWith(".weight"))
                    .reduce((first, second) -> second)
                    .orElseThrow();
            config.parameterShapes().forEach((name, shape) -> {
                if (name.endsWith(".bias")) {
                    weights.put(
                            name,
                            Tensors.full(
                                    io.arvid.tensor.DTypes.F32,
                                    name.startsWith(last.replace(".weight", "")) ? 0.5 : 0,
                                    shape));
                } else {
                    double fanIn = shape[1] * shape[2] * shape[3];
                    double gain = name.endsWith(".conv.4.weight") ? 0.2 : name.equals(last) ? 0.1 : 1;
                    weights.put(name, Ops.mul(seeds.normal(shape), gain * Math.sqrt(2 / fanIn)));
                }
            });
        }
        return weights;
    }
}
