package io.arvid.run;

import io.arvid.quantize.qat.QatData;
import io.arvid.rollout.train.LatentDataset;
import io.arvid.rollout.train.world.ShapesWorld;
import io.arvid.rollout.train.world.WorldSpec;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.FileHash;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.bytedeco.pytorch.Tensor;

/** Clips of the bundled world as a model of it sees them: encoded by its autoencoder, prompts by its text encoder. */
final class ShapesClips implements QatData, AutoCloseable {
    /** Seed of the world's training clips. */
    static final long SEED = 7;

    private final Generator generator;
    private final LatentDataset dataset;
    private final Map<Integer, Tensor> texts = new ConcurrentHashMap<>();
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("clip-encoder").factory());

    /** Clips for the model of {@code generator}, which must outlive them. */
    ShapesClips(Generator generator) {
        this.generator = generator;
        this.dataset = dataset(generator.model());
    }

    /** The world's training clips in {@code model}'s latent space. */
    static LatentDataset dataset(ModelFolder model) {
        return new LatentDataset(
                new ShapesWorld(WorldSpec.DEFAULT),
                model.autoencoder(),
                model.config().latents(),
                SEED);
    }

    @Override
    public Tensor latents(int clip, int frames) {
        return dataset.clip(clip, frames).latents();
    }

    @Override
    public Tensor text(int clip) {
        return texts.computeIfAbsent(clip, key -> {
            try (TensorScope scope = TensorScope.open()) {
                return TensorScope.own(
                        generator.textStates(dataset.clip(clip, 1).prompt()).squeeze(0));
            }
        });
    }

    @Override
    public String fingerprint() {
        Path folder = generator.model().path();
        try {
            return new FileHash()
                    .content(folder.resolve(ModelFolder.TEXT_ENCODER))
                    .content(folder.resolve(ModelFolder.AUTOENCODER))
                    .content(folder.resolve(ModelFolder.TOKENIZER))
                    .hex();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + folder + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void prefetch(int[] clips, int frames) {
        thread.execute(() -> {
            for (int clip : clips) {
                dataset.clip(clip, frames);
            }
        });
    }

    @Override
    public void close() {
        thread.shutdownNow();
        thread.close(); // Waits for the clip that it encodes.
        texts.values().forEach(Tensor::close);
        dataset.close();
    }
}
