package io.arvid.bench;

import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.rollout.train.world.Scene;
import io.arvid.rollout.train.world.SceneRenderer;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.run.ModelFolder;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;

/**
 * {@code AutoencoderBench MODEL CLIPS}: PSNR in dB of whole clips of the shapes world, encoded and decoded in float32, for the model's card. The first
 * frame stands four times before the encoder, and only its last copy counts.
 */
final class AutoencoderBench {
    private static final long FIRST_SEED = 999_000;

    private AutoencoderBench() {}

    public static void main(String[] args) {
        int clips = Integer.parseInt(args[1]);
        double sum = 0;
        try (ModelFolder model = ModelFolder.open(Path.of(args[0]))) {
            TinyVideoAutoencoder autoencoder = model.autoencoder();
            for (int clip = 0; clip < clips; clip++) {
                long seed = FIRST_SEED + clip;
                sum += Torch.withoutGradients(() -> decibels(autoencoder, seed));
            }
        }
        System.out.printf(Locale.ROOT, "{\"clips\": %d, \"psnr\": %.2f}%n", clips, sum / clips);
    }

    private static double decibels(TinyVideoAutoencoder autoencoder, long seed) {
        WorldSpec spec = WorldSpec.DEFAULT;
        SceneRenderer renderer = new SceneRenderer(spec);
        Scene scene = new ShapesWorld(spec).trainingScene(seed);
        int copies = TinyVideoAutoencoder.TIME_FACTOR - 1;
        float[] pixels = new float[copies * spec.valuesPerFrame() + spec.valuesPerClip()];
        for (int copy = 0; copy < copies; copy++) {
            renderer.render(scene, 0, 1, pixels, copy * spec.valuesPerFrame());
        }
        renderer.render(scene, 0, spec.frameCount(), pixels, copies * spec.valuesPerFrame());
        try (TensorScope scope = TensorScope.open()) {
            int frames = copies + spec.frameCount();
            Tensor video = Tensors.of(pixels, 1, frames, 3, spec.height(), spec.width());
            Tensor decoded = Ops.clamp(autoencoder.decode(autoencoder.encode(video)), 0, 1);
            Tensor error =
                    Ops.slice(decoded.sub(video), 1, copies, frames).square().mean();
            return -10 * Math.log10(Tensors.item(error));
        }
    }
}
