/**
 * ViDiT-Q (arXiv 2406.02540): inputs quantized token by token as they come, channels balanced with factors of their own for each range of timesteps, so
 * that a weight has codes of its own in each range.
 */
@NullMarked
package io.arvid.quantize.viditq;

import org.jspecify.annotations.NullMarked;
