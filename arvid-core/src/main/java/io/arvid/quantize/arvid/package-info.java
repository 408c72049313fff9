/**
 * arvid's own recipe. Everything that a layer's error depends on is summed up in Gram matrices while the model rolls out
 * ({@link io.arvid.quantize.fit.GramLoss}), so that many prompts cost no memory; weights are then rounded by GPTQ for quantized inputs, coordinate
 * descent on the integer grid and refitted scales ({@link io.arvid.quantize.gram.GramSolver}), and what does not help on held-out prompts is not used.
 *
 * <p>Read {@link io.arvid.quantize.arvid.ArvidMethod}, then {@link io.arvid.quantize.gram.GramSolver}.
 */
@NullMarked
package io.arvid.quantize.arvid;

import org.jspecify.annotations.NullMarked;
