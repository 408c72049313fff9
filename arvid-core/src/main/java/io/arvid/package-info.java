/**
 * arvid quantizes autoregressive video diffusion models and runs them.
 *
 * <p>Packages, in the order in which data flows: {@code tensor}, {@code record}, {@code weights}, {@code video}, {@code model}, {@code rollout}, {@code calibrate},
 * {@code quantize}, {@code pack}, {@code kernel}, {@code run}, {@code evaluate}, {@code report}, {@code verify}, {@code compare}. A package imports only from those before it.
 */
@NullMarked
package io.arvid;

import org.jspecify.annotations.NullMarked;
