package io.arvid.rollout.train;

import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.model.wan.vae.LatentStatistics;
import io.arvid.rollout.train.world.Scene;
import io.arvid.rollout.train.world.SceneRenderer;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Videos of the world as normalized latents with their prompts, encoded when first asked for and kept in memory. Clip {@code i} is the same on every
 * machine and in every run. Safe for several threads.
 */
public final class LatentDataset implements AutoCloseable {
    /** A clip: latents {@code [F, C, h, w]}, float32, normalized per channel. */
    public record Clip(String prompt, Tensor latents) {}

    private final ShapesWorld world;
    private final SceneRenderer renderer;
    private final TinyVideoAutoencoder autoencoder;
    private final LatentStatistics statistics;
    private final long seed;
    private final Map<Integer, Clip> clips = new ConcurrentHashMap<>();

    /** Clips of {@code world}, encoded by {@code autoencoder}. */
    public LatentDataset(ShapesWorld world, TinyVideoAutoencoder autoencoder, LatentStatistics statistics, long seed) {
        this.world = world;
        this.renderer = new SceneRenderer(world.spec());
        this.autoencoder = autoencoder;
        this.statistics = statistics;
        this.seed = seed;
    }

    /** Clip {@code index}, at least its first {@code frames} latent frames: encoding is causal, so a beginning can be encoded alone. */
    public Clip clip(int index, int frames) {
        Clip known = clips.get(index);
        if (known != null && known.latents().size(0) >= frames) {
            return known;
        }
        Scene scene = world.trainingScene(seed * 1_000_003 + index);
        Clip made = Torch.withoutGradients(() -> {
            try (TensorScope scope = TensorScope.open()) {
                Tensor latents = statistics.normalize(encode(world, renderer, autoencoder, scene, frames));
                return new Clip(
                        scene.prompt(), TensorScope.own(latents.squeeze(0).contiguous()));
            }
        });
        return clips.merge(
                index,
                made,
                (one, other) -> one.latents().size(0) >= other.latents().size(0) ? one : other);
    }

    /** The first raw latents {@code [1, F, C, h, w]} of a scene: the first frame stands four times, so that every latent frame covers four. */
    static Tensor encode(
            ShapesWorld world,
            SceneRenderer renderer,
            TinyVideoAutoencoder autoencoder,
            Scene scene,
            int latentFrames) {
        int copies = TinyVideoAutoencoder.TIME_FACTOR - 1;
        int frames = latentFrames * TinyVideoAutoencoder.TIME_FACTOR - copies;
        float[] video = new float[(copies + frames) * world.spec().valuesPerFrame()];
        for (int copy = 0; copy < copies; copy++) {
            renderer.render(scene, 0, 1, video, copy * world.spec().valuesPerFrame());
        }
        renderer.render(scene, 0, frames, video, copies * world.spec().valuesPerFrame());
        return Ops.toF32(autoencoder.encode(Tensors.of(
                video,
                1,
                copies + frames,
                3,
                world.spec().height(),
                world.spec().width())));
    }

    @Override
    public void close() {
        clips.values().forEach(clip -> clip.latents().close());
        clips.clear();
    }
}
