/**
 * What the integers mean: the vocabulary that methods write, and that packers, kernels and simulations read. Nothing here knows a method or a kernel.
 *
 * <p>Read {@link io.arvid.quantize.scheme.LayerPlan} first: its Javadoc states the arithmetic of a quantized layer. {@code Rule}s are asked for, in a
 * recipe, without tensors; {@code Plan}s are found, with numbers. The interfaces are sealed, so that readers switch over them without a default.
 */
@NullMarked
package io.arvid.quantize.scheme;

import org.jspecify.annotations.NullMarked;
