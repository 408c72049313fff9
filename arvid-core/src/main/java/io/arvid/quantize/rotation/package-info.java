/**
 * Rotated layers (QuaRot, arXiv 2404.00456, in blocks; ConvRot's int8 checkpoints): input and weight are multiplied by one orthogonal matrix, which
 * spreads large channels over their block. The matrices are {@link io.arvid.quantize.fit.BlockRotation}.
 */
@NullMarked
package io.arvid.quantize.rotation;

import org.jspecify.annotations.NullMarked;
