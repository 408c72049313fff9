package io.arvid;

import io.arvid.evaluate.ChunkFrames;
import io.arvid.kernel.KernelCatalogue;
import io.arvid.model.SiteForward;
import io.arvid.pack.PackedModelFile;
import io.arvid.rollout.ChunkPlan;
import io.arvid.rollout.KvStore;
import io.arvid.run.Generator;
import io.arvid.run.ModelConfig;
import io.arvid.run.ModelFolder;
import io.arvid.run.QuantizedModel;
import org.bytedeco.pytorch.Tensor;

/** Roll-outs of a run's prompts, from the same noise in full precision and in integers. */
record RunRollouts(RunSettings settings, ModelFolder model, Generator generator) {
    /** Latents of the prompt at {@code index} in full precision, {@code [1, F, C, h, w]}. */
    Tensor fullPrecision(int index) {
        return latents(index, model.transformer().fullPrecision(), model.kv().stores());
    }

    /** The same through {@code layers}, the packed layers of {@code packed}. */
    Tensor quantized(int index, ModelFolder packed, QuantizedModel layers) {
        return latents(index, layers, packed.kv().stores());
    }

    private Tensor latents(int index, SiteForward sites, KvStore.Factory stores) {
        return generator.latents(settings.prompts().get(index), settings.seed() + index, sites, stores);
    }

    /** The packed layers of {@code packed} over the model, in integers. */
    QuantizedModel layers(ModelFolder packed) {
        PackedModelFile file = packed.packed();
        if (file == null) {
            throw new IllegalStateException(packed.path() + " is not packed");
        }
        return new QuantizedModel(model.transformer(), file.layers(), KernelCatalogue.BEST);
    }

    /** Latent frames of each chunk. */
    ChunkFrames chunks() {
        ModelConfig config = model.config();
        ChunkPlan plan = ChunkPlan.of(config.rollout(), 0, config.video().latentFrames());
        return ChunkFrames.ofSizes(
                plan.generated().stream().map(ChunkPlan.Chunk::frameCount).toList());
    }
}
