package io.arvid.rollout.train;

import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.model.wan.vae.LatentStatistics;
import io.arvid.rollout.train.world.SceneRenderer;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Measures the {@link LatentStatistics} of an autoencoder's latents over training clips. */
public final class LatentMeasurement {
    private LatentMeasurement() {}

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
        List<Double> mean = new ArrayList<>();
        List<Double> deviation = new ArrayList<>();
        for (int c = 0; c < channels; c++) {
            mean.add(sum[c] / clipCount);
            deviation.add(Math.sqrt(squares[c] / clipCount - mean.get(c) * mean.get(c)));
        }
        return new LatentStatistics(mean, deviation);
    }
}
