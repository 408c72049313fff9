package io.arvid.run;

import io.arvid.model.SiteForward;
import io.arvid.model.TextContext;
import io.arvid.model.wan.TinyVideoAutoencoder;
import io.arvid.model.wan.Tokenizer;
import io.arvid.model.wan.UmtTextEncoder;
import io.arvid.rollout.DenseKvStore;
import io.arvid.rollout.KvStore;
import io.arvid.rollout.NoiseSource;
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutListener;
import io.arvid.rollout.preset.Guided;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Torch;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * From a prompt and a seed to a video. The same prompt and seed have the same noise whatever the arithmetic in the linear layers and the cache, so that
 * two videos differ by that arithmetic alone.
 */
public final class Generator implements AutoCloseable {
    private final ModelFolder model;
    private final Tokenizer tokenizer;
    private final UmtTextEncoder textEncoder;
    private final TinyVideoAutoencoder autoencoder;

    /** A generator of {@code model}'s videos; the model must outlive it. */
    public Generator(ModelFolder model) {
        this.model = model;
        this.tokenizer = model.tokenizer();
        this.textEncoder = model.textEncoder();
        this.autoencoder = model.autoencoder();
    }

    /** The model. */
    public ModelFolder model() {
        return model;
    }

    /**
     * Checks that the model knows every word of {@code prompt}, before anything is made of it.
     *
     * @throws IllegalArgumentException naming the words that it does not know, and the nearest known ones
     */
    public void requireKnownWords(String prompt) {
        tokenizer.requireKnownWords(prompt);
    }

    /**
     * Text states {@code [1, L, textDim]}.
     *
     * @throws IllegalArgumentException naming the words that the model does not know, and the nearest known ones
     */
    public Tensor textStates(String prompt) {
        requireKnownWords(prompt);
        return Torch.withoutGradients(() -> TensorScope.run(() -> {
            Tokenizer.Tokens tokens = tokenizer.encode(List.of(prompt));
            return textEncoder.encodeZeroPadded(tokens.ids(), tokens.mask());
        }));
    }

    /** Normalized latents {@code [1, F, C, h, w]} with {@code sites} in the linear layers and a dense cache. */
    public Tensor latents(String prompt, long seed, SiteForward sites) {
        return latents(prompt, seed, sites, DenseKvStore::new);
    }

    /** Normalized latents {@code [1, F, C, h, w]} with {@code sites} in the linear layers and keys and values in {@code stores}. */
    public Tensor latents(String prompt, long seed, SiteForward sites, KvStore.Factory stores) {
        return latents(prompt, seed, sites, stores, RolloutListener.NONE);
    }

    /**
     * Normalized latents {@code [1, F, C, h, w]} with {@code sites} in the linear layers and keys and values in {@code stores}. A bidirectional model has
     * neither cache nor chunks: its sampler takes the whole clip.
     */
    public Tensor latents(
            String prompt, long seed, SiteForward sites, KvStore.Factory stores, RolloutListener listener) {
        if (model.config().sampler() != null) {
            return sampled(prompt, seed, sites, model.config().sampler());
        }
        Rollout rollout = new Rollout(model.transformer(), model.config().rollout(), sites, stores, listener);
        try (Seeds seeds = new Seeds(seed)) {
            return TensorScope.run(() -> {
                return rollout.run(seeds.normal(noiseShape()), textStates(prompt), NoiseSource.seeded(seeds));
            });
        }
    }

    private Tensor sampled(String prompt, long seed, SiteForward sites, Guided settings) {
        return Torch.withoutGradients(() -> TensorScope.run(() -> {
            try (Seeds seeds = new Seeds(seed);
                    TextContext text = new TextContext(textStates(prompt));
                    TextContext negative = new TextContext(
                            textStates(settings.guidance() == 1 ? prompt : settings.negativePrompt()))) {
                return settings.sampler()
                        .sample(model.transformer(), seeds.normal(noiseShape()), text, negative, sites, (i, x) -> {});
            }
        }));
    }

    private long[] noiseShape() {
        ModelConfig.Video video = model.config().video();
        return new long[] {
            1,
            video.latentFrames(),
            model.config().transformer().inDim(),
            video.height() / TinyVideoAutoencoder.SPACE_FACTOR,
            video.width() / TinyVideoAutoencoder.SPACE_FACTOR
        };
    }

    /** Decoded video {@code [T, 3, H, W]}, uint8, of normalized latents {@code [1, F, C, h, w]}; the copies before the first frame are dropped. */
    public Tensor decode(Tensor latents) {
        return Torch.withoutGradients(() -> TensorScope.run(() -> {
            Tensor frames = autoencoder
                    .decode(model.config().latents().denormalize(latents))
                    .squeeze(0);
            Tensor kept = Ops.slice(frames, 0, TinyVideoAutoencoder.TIME_FACTOR - 1, frames.size(0));
            return Ops.to(Ops.clamp(Ops.mul(kept, 255).round(), 0, 255), DTypes.U8);
        }));
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
