package io.arvid.calibrate;

import io.arvid.model.SiteForward;
import org.bytedeco.pytorch.Tensor;

/** The calibration prompts, each with noise of its own: rolled out again and again with different arithmetic in the linear layers. */
public interface CalibrationRollouts {
    /** Prompts at hand. */
    int promptCount();

    /** Chunks of a roll-out. */
    int chunkCount();

    /**
     * Generates one video. The same prompt gives the same noise each time, so that differences come from {@code sites} alone.
     *
     * @param prompt index, 0 … promptCount − 1
     * @param sites how linear layers are computed
     * @return final latents {@code [1, F, C, H, W]}
     */
    Tensor latents(int prompt, SiteForward sites);
}
