/**
 * The only package that touches libtorch's global functions.
 *
 * <p>Read {@link io.arvid.tensor.TensorScope} first: native memory is owned by scopes, never by the garbage collector. {@link io.arvid.tensor.Ops}
 * has the algebra, {@link io.arvid.tensor.Tensors} goes between Java arrays and tensors, {@link io.arvid.tensor.Seeds} makes reproducible noise.
 * A tensor's own methods ({@code add}, {@code view}, {@code transpose} …) are used as they are. Package {@code onednn} has the products that libtorch cannot make without packing weights anew.
 */
@NullMarked
package io.arvid.tensor;

import org.jspecify.annotations.NullMarked;
