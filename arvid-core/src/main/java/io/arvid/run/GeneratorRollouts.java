package io.arvid.run;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.model.SiteForward;
import io.arvid.rollout.ChunkPlan;
import io.arvid.rollout.KvStore;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Calibration prompts of a generator: prompt {@code i} has the noise of seed {@code firstSeed + i}.
 *
 * @param generator makes the videos
 * @param prompts what is asked for
 * @param firstSeed seed of the first prompt
 */
public record GeneratorRollouts(Generator generator, List<String> prompts, long firstSeed)
        implements CalibrationRollouts {
    @Override
    public int promptCount() {
        return prompts.size();
    }

    @Override
    public int chunkCount() {
        ModelConfig config = generator.model().config();
        return ChunkPlan.of(config.rollout(), 0, config.video().latentFrames())
                .generated()
                .size();
    }

    @Override
    public Tensor textStates(int prompt) {
        return generator.textStates(prompts.get(prompt));
    }

    @Override
    public Tensor latents(int prompt, SiteForward sites) {
        return generator.latents(prompts.get(prompt), firstSeed + prompt, sites);
    }

    @Override
    public Tensor latents(int prompt, SiteForward sites, KvStore.Factory stores) {
        return generator.latents(prompts.get(prompt), firstSeed + prompt, sites, stores);
    }
}
