/**
 * Quantization simulated in floating point: values are rounded to what the integers can say, and computed with as before. The plain twin of the
 * packed kernels.
 *
 * <p>Read {@link io.arvid.quantize.fake.AffineQuantizer}, then {@link io.arvid.quantize.fake.FakeQuantForward}.
 */
@NullMarked
package io.arvid.quantize.fake;

import org.jspecify.annotations.NullMarked;
