package io.arvid.rollout.train;

import io.arvid.model.wan.WanConfig;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * What teacher-forced training sees at each step: beginnings of videos, their prompts, and the clean context of each chunk. A function of seed and step,
 * so that a resumed run sees what it would have seen.
 */
public final class TeacherForcedBatches implements AutoCloseable {
    /**
     * The beginnings of some videos.
     *
     * @param chunks chunks of a video
     * @param videos videos of a step
     */
    public record Size(int chunks, int videos) {}

    /**
     * Where batches come from.
     *
     * @param cycle sizes of successive batches, over and over
     * @param framesPerChunk latent frames of a chunk
     * @param clips size of the dataset
     * @param contextNoise largest standard deviation of the noise on clean frames, so that the model forgives its own errors in a roll-out
     * @param promptDropout share of videos without a prompt
     * @param seed seed of clips and noise
     */
    public record Settings(
            List<Size> cycle, int framesPerChunk, int clips, double contextNoise, double promptDropout, long seed) {}

    /**
     * A batch.
     *
     * @param clean latents {@code [B, F, C, h, w]}, float32
     * @param context latents of all chunks but the last, with a little noise, {@code [B, F − framesPerChunk, C, h, w]}
     * @param prompts one a video
     */
    record Batch(Tensor clean, Tensor context, List<String> prompts) {}

    private final LatentDataset dataset;
    private final Settings settings;
    private final ClipPrefetch prefetch;

    TeacherForcedBatches(LatentDataset dataset, Settings settings) {
        this.dataset = dataset;
        this.settings = settings;
        this.prefetch = new ClipPrefetch(dataset);
    }

    /** The attention that goes with these batches. */
    TeacherForcing forcing(WanConfig config) {
        Tensor clip = dataset.clip(0, settings.framesPerChunk()).latents();
        return new TeacherForcing(config, settings.framesPerChunk(), (int) clip.size(2), (int) clip.size(3));
    }

    /** Lets another thread encode the clips of {@code step}. */
    void prepare(long step) {
        prefetch.request(clipIndices(step), framesAt(step));
    }

    /** The batch of {@code step}; its tensors belong to the open scope. */
    Batch at(long step) {
        int frames = framesAt(step);
        SplittableRandom dropout = new SplittableRandom(~(settings.seed() * 31 + step));
        List<Tensor> clips = new ArrayList<>();
        List<String> prompts = new ArrayList<>();
        for (int index : clipIndices(step)) {
            LatentDataset.Clip clip = dataset.clip(index, frames);
            clips.add(Ops.slice(clip.latents(), 0, 0, frames));
            prompts.add(dropout.nextDouble() < settings.promptDropout() ? "" : clip.prompt());
        }
        Tensor clean = Ops.stack(0, clips);
        try (Seeds seeds = new Seeds(~(settings.seed() * 1_000_003 + step))) {
            Tensor spread = Ops.mul(seeds.uniform(clips.size(), 1, 1, 1, 1), settings.contextNoise());
            Tensor before = Ops.slice(clean, 1, 0, frames - settings.framesPerChunk());
            return new Batch(
                    clean, before.add(seeds.normal(Tensors.shape(before)).mul(spread)), prompts);
        }
    }

    /** Clips of a step: drawn from a part of the dataset that grows, so that training can begin while most of it is still to be encoded. */
    private int[] clipIndices(long step) {
        SplittableRandom random = new SplittableRandom(settings.seed() * 31 + step);
        int available = (int) Math.min(settings.clips(), 512 + 8 * step);
        return IntStream.range(0, size(step).videos())
                .map(i -> random.nextInt(available))
                .toArray();
    }

    private int framesAt(long step) {
        return size(step).chunks() * settings.framesPerChunk();
    }

    private Size size(long step) {
        return settings.cycle().get((int) (step % settings.cycle().size()));
    }

    @Override
    public void close() {
        prefetch.close();
    }
}
