package io.arvid.quantize;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.calibrate.PromptRollouts;
import io.arvid.model.wan.WanTransformer;
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutConfig;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Calibration prompts of a tiny model on the real roll-out, with a KV cache: chunks of two frames, two denoising steps, random text states. */
public final class CachedRollouts implements AutoCloseable {
    private static final int TEXT_DIM = 16;
    private static final RolloutConfig CONFIG =
            new RolloutConfig(2, false, new int[] {1000, 500}, null, true, 5, 0, RolloutConfig.GLOBAL_ATTENTION, 0);

    private final List<Tensor> texts = new ArrayList<>();
    private final CalibrationRollouts rollouts;

    /** {@code prompts} prompts with videos of {@code chunks} chunks; {@code model} has four latent channels and 16 text channels. */
    public CachedRollouts(WanTransformer model, int prompts, int chunks) {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(1)) {
            for (int prompt = 0; prompt < prompts; prompt++) {
                texts.add(TensorScope.own(seeds.normal(1, 8, TEXT_DIM)));
            }
        }
        this.rollouts = PromptRollouts.seeded(new Rollout(model, CONFIG), texts, 2 * chunks, 4, 4, 4, 2000);
    }

    /** The roll-outs. */
    public CalibrationRollouts rollouts() {
        return rollouts;
    }

    @Override
    public void close() {
        texts.forEach(Tensor::close);
    }
}
