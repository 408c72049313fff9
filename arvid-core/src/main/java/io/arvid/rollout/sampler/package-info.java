/**
 * Samplers of the bidirectional Wan model: the whole clip is denoised at once in tens of steps, with classifier-free guidance. The causal models do
 * not use them.
 *
 * <p>Read {@link io.arvid.rollout.sampler.WanSampler} first. Sources: Wan2.1 {@code wan/text2video.py}, {@code wan/utils/fm_solvers_unipc.py}, {@code
 * wan/utils/fm_solvers.py}; UniPC (arXiv 2302.04867), DPM-Solver++ (arXiv 2211.01095).
 */
@NullMarked
package io.arvid.rollout.sampler;

import org.jspecify.annotations.NullMarked;
