/**
 * Models as pure functions of their arguments.
 *
 * <p>The one seam is {@link io.arvid.model.SiteForward}: {@code (site, step, input) → output} for every linear layer. Fake quantization, integer
 * kernels and calibration are all a {@code SiteForward} over an untouched model. Attention over earlier chunks is an argument too:
 * {@link io.arvid.model.SelfAttention}.
 */
@NullMarked
package io.arvid.model;

import org.jspecify.annotations.NullMarked;
