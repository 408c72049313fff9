package io.arvid.bench;

import io.arvid.model.wan.WanConfig;
import io.arvid.model.wan.WanTransformer;
import io.arvid.rollout.Rollout;
import io.arvid.rollout.RolloutConfig;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.weights.WeightMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * The roll-out that the benchmarks make: 81 frames (21 latent frames of 8×8) in seven chunks of four denoising steps, 35 passes, through a random
 * transformer, 192 wide, of six blocks.
 */
final class BenchRollout {
    private static final WanConfig CONFIG =
            new WanConfig(192, 768, 6, 6, 64, 64, 24, 16, 16, new int[] {1, 2, 2}, 1e-6);
    private static final int FRAMES = 21;
    private static final int RENOISINGS = 21;

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Rollout rollout;

    BenchRollout() {
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(42)) {
            CONFIG.parameterShapes().forEach((name, shape) -> own(name, parameter(name, shape, seeds)));
            this.rollout = new Rollout(
                    new WanTransformer(CONFIG, WeightMap.of(Map.copyOf(tensors))), RolloutConfig.selfForcing());
            own("noise", seeds.normal(1, FRAMES, 16, 8, 8));
            own("context", seeds.normal(1, CONFIG.textLen(), CONFIG.textDim()));
            own("fresh", seeds.normal(RENOISINGS, 1, 3, 16, 8, 8));
        }
    }

    /** Norms near 1; products that keep the size of their inputs. */
    private static Tensor parameter(String name, long[] shape, Seeds seeds) {
        boolean isNorm = name.contains("norm") && name.endsWith("weight");
        double inputs = shape.length > 1 ? (double) shape[1] * (shape.length == 5 ? shape[3] * shape[4] : 1) : 100;
        Tensor noise = Ops.mul(seeds.normal(shape), 1 / Math.sqrt(inputs));
        return isNorm ? Ops.add(noise, 1) : noise;
    }

    private void own(String name, Tensor tensor) {
        tensors.put(name, TensorScope.own(tensor));
    }

    /** Parameters under their own names, {@code noise}, {@code context} and the noise of the re-noisings in order, {@code fresh}. */
    Map<String, Tensor> tensors() {
        return tensors;
    }

    /** Makes the latents {@code [1, 21, 16, 8, 8]}. */
    Tensor run() {
        int[] next = {0};
        return rollout.run(
                tensors.get("noise"),
                tensors.get("context"),
                (step, shape) -> tensors.get("fresh").select(0, next[0]++));
    }
}
