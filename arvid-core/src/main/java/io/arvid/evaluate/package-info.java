/**
 * Numbers that say how good videos are: against the full-precision model's videos (FVD, LPIPS, PSNR, SSIM, latent distances), on their own
 * (VBench's dimensions, flicker, sharpness, colour drift), and of metrics themselves (discriminability).
 *
 * <p>Enters: videos as tensors {@code [T, 3, H, W]}, uint8 or floating in [0, 1], weights in their published formats. Leaves: numbers per frame, which
 * {@link io.arvid.evaluate.FrameScores} reduces as the official scripts do. Read {@link io.arvid.evaluate.FrameComparison} first. Networks live in
 * {@code evaluate.net}, VBench in {@code evaluate.vbench}.
 *
 * <p>Sources: the Q-ARVD evaluation scripts, LPIPS (Zhang et al. 2018), FVD (Unterthiner et al. 2018), VBench (Huang et al. 2024).
 */
@NullMarked
package io.arvid.evaluate;

import org.jspecify.annotations.NullMarked;
