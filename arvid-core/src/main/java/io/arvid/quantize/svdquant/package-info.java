/**
 * SVDQuant (arXiv 2411.05007): smoothing, a low-rank branch in high precision that takes what is hard to quantize, and the rest in few bits. The
 * mathematics is {@link io.arvid.quantize.fit.SmoothingSearch} and {@link io.arvid.quantize.fit.LowRankBranch}.
 */
@NullMarked
package io.arvid.quantize.svdquant;

import org.jspecify.annotations.NullMarked;
