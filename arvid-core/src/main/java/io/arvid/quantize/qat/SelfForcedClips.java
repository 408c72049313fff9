package io.arvid.quantize.qat;

import io.arvid.model.SiteForward;
import io.arvid.model.wan.WanTransformer;
import io.arvid.rollout.KvStore;
import io.arvid.rollout.NoiseSource;
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutConfig;
import io.arvid.rollout.RolloutListener;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Tensor;

/** The clips that the quantized model generated last, with the clips of the dataset whose prompts they have; the context of self-forced training. */
final class SelfForcedClips implements AutoCloseable {
    /** A generated clip: latents {@code [F, C, h, w]} and the clip whose prompt it has. */
    private record Generated(Tensor latents, int prompt) {}

    private final RolloutConfig rollout;
    private final KvStore.Factory stores;
    private final int capacity;
    private final List<Generated> clips = new ArrayList<>();

    /** {@code capacity} clips of roll-outs with keys and values in {@code stores}. */
    SelfForcedClips(RolloutConfig rollout, KvStore.Factory stores, int capacity) {
        this.rollout = rollout;
        this.stores = stores;
        this.capacity = capacity;
    }

    boolean isEmpty() {
        return clips.isEmpty();
    }

    /** Generates a clip for each prompt and forgets the oldest ones. */
    void refresh(
            WanTransformer model, SiteForward sites, Tensor text, int[] prompts, long frames, long[] frame, long seed) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(seed)) {
            Tensor noise = seeds.normal(prompts.length, frames, frame[0], frame[1], frame[2]);
            Tensor made = new Rollout(model, rollout, sites, stores, RolloutListener.NONE)
                    .run(noise, text, NoiseSource.seeded(seeds));
            for (int i = 0; i < prompts.length; i++) {
                add(Ops.copy(made.select(0, i)), prompts[i]);
            }
        }
    }

    private void add(Tensor latents, int prompt) {
        clips.add(new Generated(TensorScope.own(latents), prompt));
        if (clips.size() > capacity) {
            clips.removeFirst().latents().close();
        }
    }

    /** Clips of a step, drawn with {@code seed}: indices into the pool. */
    int[] draw(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return random.ints(count, 0, clips.size()).toArray();
    }

    /** Latents of drawn clips {@code [B, F, C, h, w]}. */
    Tensor latents(int[] drawn) {
        List<Tensor> latents = new ArrayList<>();
        for (int index : drawn) {
            latents.add(clips.get(index).latents());
        }
        return Ops.stack(0, latents);
    }

    /** The dataset's clips whose prompts the drawn ones have. */
    int[] prompts(int[] drawn) {
        int[] prompts = new int[drawn.length];
        for (int i = 0; i < drawn.length; i++) {
            prompts[i] = clips.get(drawn[i]).prompt();
        }
        return prompts;
    }

    /** All latents {@code [n, F, C, h, w]}, oldest first. */
    Tensor latents() {
        return Ops.stack(0, clips.stream().map(Generated::latents).toList());
    }

    /** Prompts of all clips, int64 {@code [n]}. */
    Tensor prompts() {
        return Tensors.of(clips.stream().mapToLong(Generated::prompt).toArray(), clips.size());
    }

    /** Takes up what an earlier run had generated. */
    void restore(Tensor latents, Tensor prompts) {
        long[] ofClip = Tensors.toLongs(prompts);
        try (TensorScope scope = TensorScope.open()) {
            for (int i = 0; i < ofClip.length; i++) {
                add(Ops.copy(latents.select(0, i)), (int) ofClip[i]);
            }
        }
    }

    @Override
    public void close() {
        clips.forEach(clip -> clip.latents().close());
        clips.clear();
    }
}
