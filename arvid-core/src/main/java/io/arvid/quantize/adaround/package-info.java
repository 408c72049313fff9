/**
 * Adaptive rounding (AdaRound, arXiv 2004.10568, in the form of BRECQ and of Q-ARVD's official code): every weight learns whether to round up or down,
 * so that the layer's output, not its weights, stays close.
 *
 * <p>Read {@link io.arvid.quantize.adaround.LayerReconstruction}: the loop; {@link io.arvid.quantize.adaround.RoundingRelaxation} is the variable that
 * is learned. Gradients are written out by hand; a test holds them to the official code's, which come from autograd.
 */
@NullMarked
package io.arvid.quantize.adaround;

import org.jspecify.annotations.NullMarked;
