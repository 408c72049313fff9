package io.arvid.quantize.qat;

import io.arvid.model.RolloutStep;
import io.arvid.model.SelfAttention;
import io.arvid.model.SiteForward;
import io.arvid.model.TextContext;
import io.arvid.model.wan.FullAttention;
import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanRope;
import io.arvid.model.wan.WanTransformer;
import io.arvid.rollout.train.TeacherForcing;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * What each step trains on: a function of recipe, data and step alone, so that a resumed run goes on as it would have. Causal models see the sequence
 * [clean chunks but the last ; noisy chunks], each noisy chunk at a timestep of its own; the bidirectional model sees whole clips, each at one timestep.
 */
final class QatBatches implements AutoCloseable {
    /**
     * A batch.
     *
     * @param latents {@code [B, F, C, h, w]}, context first
     * @param timesteps of every frame {@code [B, F]}; 0 for context
     * @param text {@code [B, L, textDim]}
     * @param contextFrames frames that are not predicted
     * @param velocity the flow target {@code noise − clean} of the noisy frames
     */
    record Batch(Tensor latents, Tensor timesteps, Tensor text, int contextFrames, Tensor velocity) {
        /** Timesteps of the noisy frames, {@code [B, F − contextFrames]}. */
        Tensor noisyTimesteps() {
            return Ops.slice(timesteps, 1, contextFrames, timesteps.size(1));
        }

        /** The noisy frames' part of a prediction for all frames. */
        Tensor noisy(Tensor flow) {
            return Ops.slice(flow, 1, contextFrames, flow.size(1));
        }

        /** The pass over all frames at once. */
        RolloutStep wholeClip() {
            return RolloutStep.wholeClip((int) latents.size(1), 0);
        }
    }

    private static final long SEED_STRIDE = 1_000_003;

    private final QatRecipe recipe;
    private final QatData data;
    private final QatSampling sampling;
    private final FullAttention attention;
    private final boolean causal;

    QatBatches(WanConfig config, QatRecipe recipe, QatData data, QatSampling sampling) {
        this.recipe = recipe;
        this.data = data;
        this.sampling = sampling;
        this.causal = recipe.training().context() != QatRecipe.Context.BIDIRECTIONAL;
        Tensor clip = data.latents(0, sampling.framesPerChunk());
        int height = (int) clip.size(2);
        int width = (int) clip.size(3);
        if (causal) {
            try (TensorScope scope = TensorScope.open();
                    TeacherForcing forcing = new TeacherForcing(config, sampling.framesPerChunk(), height, width)) {
                FullAttention chunks = forcing.attention(recipe.training().chunks());
                Tensor mask = TensorScope.own(Ops.copyF32(Objects.requireNonNull(chunks.mask())));
                this.attention =
                        new FullAttention(chunks.rope(), chunks.frames(), chunks.height(), chunks.width(), mask);
            }
        } else {
            this.attention = new FullAttention(
                    new WanRope(config.headDim()),
                    WanRope.frames(0, frames()),
                    height / config.patchSize()[1],
                    width / config.patchSize()[2],
                    null);
        }
    }

    /** Latent frames of a clip. */
    int frames() {
        return recipe.training().chunks() * sampling.framesPerChunk();
    }

    /** What the tokens of a batch attend to. */
    SelfAttention attention() {
        return attention;
    }

    /** What {@code model} predicts of {@code batch}, {@code [B, F, C, h, w]}. */
    Tensor flow(WanTransformer model, Batch batch, SiteForward sites) {
        try (TextContext text = new TextContext(batch.text())) {
            return model.forward(batch.latents(), batch.timesteps(), text, batch.wholeClip(), sites, attention);
        }
    }

    /** Seed of everything random in {@code step}; two runs of other seeds share none. */
    long seed(long step) {
        return recipe.seed() * SEED_STRIDE + step;
    }

    /**
     * Seed of what is generated before {@code step}, and of the draw among it. Of another stream than {@link #seed}: begun with the same number, the noise
     * that a clip is made from and the noise that it is trained with would have half of their values in common, some places apart. Differs in the 32
     * bits that libtorch's generator takes.
     */
    long generationSeed(long step) {
        return seed(step) ^ (1L << 31);
    }

    /** Clips of a step. */
    int[] clips(long step) {
        SplittableRandom random = new SplittableRandom(seed(step));
        return IntStream.range(0, recipe.training().batch())
                .map(i -> random.nextInt(recipe.training().clips()))
                .toArray();
    }

    /** The batch of {@code step} over clips of the dataset. */
    Batch fromData(long step) {
        int[] clips = clips(step);
        List<Tensor> latents = new ArrayList<>();
        for (int clip : clips) {
            latents.add(Ops.slice(data.latents(clip, frames()), 0, 0, frames()));
        }
        return of(step, Ops.stack(0, latents), text(clips));
    }

    /** Text states of clips, {@code [B, L, textDim]}. */
    Tensor text(int[] clips) {
        return Ops.stack(0, IntStream.of(clips).mapToObj(data::text).toList());
    }

    /** The batch of {@code step} over clean latents {@code [B, F, C, h, w]}. */
    Batch of(long step, Tensor clean, Tensor text) {
        QatRecipe.Training run = recipe.training();
        long batch = clean.size(0);
        try (Seeds seeds = new Seeds(seed(step))) {
            Tensor timesteps = timesteps(seeds, (int) batch);
            Tensor sigma = Ops.div(timesteps, 1000).view(batch, frames(), 1, 1, 1);
            Tensor noise = seeds.normal(Tensors.shape(clean));
            Tensor noisy = clean.add(sigma.mul(noise.sub(clean)));
            Tensor spread = Ops.mul(seeds.uniform(batch, 1, 1, 1, 1), run.contextNoise());
            Tensor kept = Ops.toF32(Ops.ge(seeds.uniform(batch, 1, 1), run.captionDropout()));
            Tensor prompts = run.captionDropout() == 0 ? text : text.mul(kept);
            if (!causal) {
                return new Batch(noisy, timesteps, prompts, 0, noise.sub(clean));
            }
            int context = frames() - sampling.framesPerChunk();
            Tensor before = Ops.slice(clean, 1, 0, context);
            Tensor seen = before.add(seeds.normal(Tensors.shape(before)).mul(spread));
            return new Batch(
                    Ops.cat(1, seen, noisy),
                    Ops.cat(1, Tensors.zeros(DTypes.F32, batch, context), timesteps),
                    prompts,
                    context,
                    noise.sub(clean));
        }
    }

    /** One timestep a chunk, or a clip where the model is bidirectional: {@code [B, F]}. */
    private Tensor timesteps(Seeds seeds, int batch) {
        int chunks = causal ? recipe.training().chunks() : 1;
        int perChunk = frames() / chunks;
        float[] draws = Tensors.toFloats(seeds.uniform(batch, chunks, 2));
        float[] timesteps = new float[batch * frames()];
        for (int i = 0; i < batch * chunks; i++) {
            double u = draws[2 * i + 1];
            double t = draws[2 * i] < recipe.training().rolloutShare() ? sampling.timestep(u) : sampling.shifted(u);
            for (int frame = 0; frame < perChunk; frame++) {
                timesteps[i * perChunk + frame] = (float) t;
            }
        }
        return Tensors.of(timesteps, batch, frames());
    }

    @Override
    public void close() {
        if (attention.mask() != null) {
            attention.mask().close();
        }
    }
}
