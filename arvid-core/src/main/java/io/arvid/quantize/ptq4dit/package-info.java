/**
 * PTQ4DiT (arXiv 2405.16005): channel-wise salience balancing between inputs and weights, with Spearman's ρ-guided salience calibration over timesteps,
 * then reconstruction. The mathematics is {@link io.arvid.quantize.fit.SalienceBalance}.
 */
@NullMarked
package io.arvid.quantize.ptq4dit;

import org.jspecify.annotations.NullMarked;
