/**
 * oneDNN's int8 matrix product, called through its C interface by Java's foreign function interface.
 *
 * <p>Read {@link io.arvid.kernel.onednn.Onednn}, which finds the library, then {@link io.arvid.kernel.onednn.Matmul}. What enters are addresses of
 * native memory; what leaves is written to such addresses.
 */
@NullMarked
package io.arvid.kernel.onednn;

import org.jspecify.annotations.NullMarked;
