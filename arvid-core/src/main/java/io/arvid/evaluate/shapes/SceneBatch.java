package io.arvid.evaluate.shapes;

import io.arvid.rollout.train.world.Scene;
import io.arvid.rollout.train.world.SceneRenderer;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.tensor.Tensors;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Tensor;

/**
 * Rendered stretches of random training scenes.
 *
 * @param scenes one a clip
 * @param starts first frame of each clip
 * @param world their measures
 */
record SceneBatch(Scene[] scenes, int[] starts, WorldSpec world) {
    /** Clips of {@code frames} frames; the same seed draws the same ones. */
    static SceneBatch draw(ShapesWorld world, int clips, int frames, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Scene[] scenes = new Scene[clips];
        int[] starts = new int[clips];
        for (int clip = 0; clip < clips; clip++) {
            scenes[clip] = world.trainingScene(random.nextLong());
            starts[clip] = random.nextInt(world.spec().frameCount() - frames + 1);
        }
        return new SceneBatch(scenes, starts, world.spec());
    }

    /** {@code frames} frames of each clip, each clip beginning {@code later[clip]} frames later: float32 {@code [B, frames, 3, H, W]} in [0, 1]. */
    Tensor render(int frames, int[] later) {
        SceneRenderer renderer = new SceneRenderer(world);
        int values = frames * world.valuesPerFrame();
        float[] pixels = new float[scenes.length * values];
        for (int clip = 0; clip < scenes.length; clip++) {
            renderer.render(scenes[clip], starts[clip] + later[clip], frames, pixels, clip * values);
        }
        return Tensors.of(pixels, scenes.length, frames, 3, world.height(), world.width());
    }

    /** The clips themselves. */
    Tensor render(int frames) {
        return render(frames, new int[scenes.length]);
    }

    SceneLabels labels(int frames) {
        return SceneLabels.of(scenes, starts, frames, world);
    }
}
