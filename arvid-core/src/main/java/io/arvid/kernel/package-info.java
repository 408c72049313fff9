/**
 * Quantized layers multiplied: what enters is a packed layer and an activation, what leaves is the layer's output.
 *
 * <p>Read {@link io.arvid.kernel.QuantGemm}, then {@link io.arvid.kernel.KernelCatalogue}, which chooses. {@link io.arvid.kernel.IntegerGemm} is a
 * layer in integers; its products come from {@link io.arvid.kernel.OnednnSegment} or the plain {@link io.arvid.kernel.EmulatedSegment}. {@link
 * io.arvid.kernel.SimulatedGemm} is for plans that are not integers on both sides. Of the fast passes over memory, {@link
 * io.arvid.kernel.RowRounding} and {@link io.arvid.kernel.RowScaling}, each has its plain twin, which is also their definition.
 */
@NullMarked
package io.arvid.kernel;

import org.jspecify.annotations.NullMarked;
