package io.arvid.rollout.train;

import io.arvid.model.LinearSite;
import io.arvid.model.SiteRole;
import io.arvid.model.wan.WanConfig;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Tensors;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Tensor;

/**
 * Outlier input channels for a small model. Wide models grow them in training, as Figure 3 of Q-ARVD shows (strong in ffn.2, absent in cross_attn.v);
 * a short training of a narrow one does not. So a few input channels of a weight are given a gain of 3 to 5: their initial weights are multiplied by
 * it and so is every step that training makes on them, which is the same as training {@code W · diag(gain)}. The model lives with them from its first
 * step to its last.
 */
final class PlantedOutliers {
    private static final double LEAST_GAIN = 3;
    private static final double MOST_GAIN = 5;

    private PlantedOutliers() {}

    /** Weight name → gains {@code [in]}, 1 where nothing was planted; other channels in every block. */
    static Map<String, Tensor> gains(WanConfig config, long seed) {
        Map<String, Tensor> gains = new HashMap<>();
        SplittableRandom random = new SplittableRandom(seed);
        for (LinearSite site : config.sites()) {
            double share = share(site.role());
            if (share > 0) {
                double[] gain = new double[site.inFeatures()];
                java.util.Arrays.fill(gain, 1);
                for (int i = 0; i < Math.max(1, Math.round(share * gain.length)); i++) {
                    gain[random.nextInt(gain.length)] = random.nextDouble(LEAST_GAIN, MOST_GAIN);
                }
                gains.put(site.name() + ".weight", Tensors.of(gain, gain.length).to(DTypes.F32.torch()));
            }
        }
        return gains;
    }

    private static double share(SiteRole role) {
        return switch (role) {
            case FFN_DOWN -> 0.03;
            case FFN_UP, SELF_O, CROSS_O -> 0.015;
            default -> 0;
        };
    }
}
