/**
 * oneDNN's matrix product of weights that were brought into its own order once, in int8, float32 and bfloat16, called through its C interface by Java's foreign function interface.
 *
 * <p>Read {@link io.arvid.tensor.onednn.Onednn}, which finds the library, then {@link io.arvid.tensor.onednn.Matmul}, to which go addresses of
 * native memory. {@link io.arvid.tensor.onednn.PackedLinear} is a linear layer between tensors.
 */
@NullMarked
package io.arvid.tensor.onednn;

import org.jspecify.annotations.NullMarked;
