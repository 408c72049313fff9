package io.arvid.rollout.train;

import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.rollout.train.world.Scene;
import io.arvid.rollout.train.world.SceneRenderer;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Tensor;

/**
 * Batches of short clips of the world for the autoencoder. A quarter of the clips begin with three copies of their first frame, as whole videos do.
 */
final class ClipBatches {
    private final ShapesWorld world;
    private final SceneRenderer renderer;
    private final int clips;
    private final int frames;
    private final long seed;

    ClipBatches(ShapesWorld world, int clips, int frames, long seed) {
        this.world = world;
        this.renderer = new SceneRenderer(world.spec());
        this.clips = clips;
        this.frames = frames;
        this.seed = seed;
    }

    /** Frames {@code [clips, frames, 3, H, W]} in [0, 1] of step {@code step}; square crops of side {@code crop}, or whole frames where that is 0. */
    Tensor at(long step, int crop) {
        int values = frames * world.spec().valuesPerFrame();
        float[] pixels = new float[clips * values];
        for (int clip = 0; clip < clips; clip++) {
            SplittableRandom random = new SplittableRandom(seed * 1_000_003 + step * clips + clip);
            Scene scene = world.trainingScene(random.nextLong());
            if (random.nextInt(4) == 0) {
                renderPadded(scene, pixels, clip * values);
            } else {
                int start = random.nextInt(world.spec().frameCount() - frames + 1);
                renderer.render(scene, start, frames, pixels, clip * values);
            }
        }
        Tensor whole = Tensors.of(
                pixels, clips, frames, 3, world.spec().height(), world.spec().width());
        return crop == 0 ? whole : crops(whole, step, crop);
    }

    /** One square crop a clip, anywhere in the frame. */
    private Tensor crops(Tensor whole, long step, int size) {
        Tensor[] crops = new Tensor[clips];
        for (int clip = 0; clip < crops.length; clip++) {
            SplittableRandom random = new SplittableRandom(~(seed * 1_000_003 + step * clips + clip));
            crops[clip] = whole.select(0, clip)
                    .narrow(2, random.nextInt(world.spec().height() - size + 1), size)
                    .narrow(3, random.nextInt(world.spec().width() - size + 1), size);
        }
        return Ops.stack(0, crops);
    }

    private void renderPadded(Scene scene, float[] pixels, int offset) {
        int copies = TinyVideoAutoencoder.TIME_FACTOR - 1;
        for (int copy = 0; copy < copies; copy++) {
            renderer.render(scene, 0, 1, pixels, offset + copy * world.spec().valuesPerFrame());
        }
        renderer.render(
                scene,
                0,
                frames - copies,
                pixels,
                offset + copies * world.spec().valuesPerFrame());
    }
}
