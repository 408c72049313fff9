package io.arvid.quantize;

import io.arvid.calibrate.CalibrationRollouts;
import io.arvid.model.SiteForward;
import org.bytedeco.pytorch.Tensor;

/** Other roll-outs as they are, for tests to change one thing of them. */
public class ForwardedRollouts implements CalibrationRollouts {
    private final CalibrationRollouts rollouts;

    /** Forwards to {@code rollouts}. */
    public ForwardedRollouts(CalibrationRollouts rollouts) {
        this.rollouts = rollouts;
    }

    @Override
    public int promptCount() {
        return rollouts.promptCount();
    }

    @Override
    public int chunkCount() {
        return rollouts.chunkCount();
    }

    @Override
    public Tensor textStates(int prompt) {
        return rollouts.textStates(prompt);
    }

    @Override
    public Tensor latents(int prompt, SiteForward sites) {
        return rollouts.latents(prompt, sites);
    }
}
