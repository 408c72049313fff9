package io.arvid.rollout.train;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.rollout.train.world.SceneRenderer;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import org.bytedeco.pytorch.Tensor;

/**
 * Mean and standard deviation of each latent channel: the transformer works on {@code (z − mean) / std}.
 *
 * @param mean one a channel
 * @param std one a channel
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record LatentStatistics(
        @JsonProperty("mean") double[] mean,
        @JsonProperty("std") double[] std) {
    /** Measures them over {@code clipCount} clips of {@code world}. */
    public static LatentStatistics measure(
            ShapesWorld world, TinyVideoAutoencoder autoencoder, int clipCount, long seed) {
        SceneRenderer renderer = new SceneRenderer(world.spec());
        int channels = autoencoder.config().latentChannels();
        int latentFrames = 1 + (world.spec().frameCount() - 1) / TinyVideoAutoencoder.TIME_FACTOR;
        double[] sum = new double[channels];
        double[] squares = new double[channels];
        for (int clip = 0; clip < clipCount; clip++) {
            long sceneSeed = seed * 1_000_003 + clip;
            Torch.withoutGradients(() -> {
                try (TensorScope scope = TensorScope.open()) {
                    Tensor latents = Ops.toF64(LatentDataset.encode(
                            world, renderer, autoencoder, world.trainingScene(sceneSeed), latentFrames));
                    double[] means = Tensors.toDoubles(Ops.mean(latents, false, 0, 1, 3, 4));
                    double[] powers = Tensors.toDoubles(Ops.mean(latents.square(), false, 0, 1, 3, 4));
                    for (int c = 0; c < channels; c++) {
                        sum[c] += means[c];
                        squares[c] += powers[c];
                    }
                }
                return null;
            });
        }
        double[] mean = new double[channels];
        double[] std = new double[channels];
        for (int c = 0; c < channels; c++) {
            mean[c] = sum[c] / clipCount;
            std[c] = Math.sqrt(squares[c] / clipCount - mean[c] * mean[c]);
        }
        return new LatentStatistics(mean, std);
    }

    /** {@code (z − mean) / std} of latents {@code [B, F, C, h, w]}. */
    public Tensor normalize(Tensor latents) {
        return latents.sub(channels(mean)).div(channels(std));
    }

    /** {@code z · std + mean} of latents {@code [B, F, C, h, w]}. */
    public Tensor denormalize(Tensor latents) {
        return latents.mul(channels(std)).add(channels(mean));
    }

    private static Tensor channels(double[] values) {
        return Ops.toF32(Tensors.of(values, 1, 1, values.length, 1, 1));
    }
}
