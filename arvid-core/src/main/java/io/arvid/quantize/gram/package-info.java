/**
 * Rounding in Gram space: a layer's loss as a function of its integers alone ({@link io.arvid.quantize.fit.GramLoss}), solved by GPTQ, coordinate descent
 * and refitted scales. In come a layer with its scales and what it sees, summed up in {@link io.arvid.quantize.gram.LayerGrams}; out come its integers.
 * {@link io.arvid.quantize.gram.GramSolver} is where to begin.
 */
@NullMarked
package io.arvid.quantize.gram;

import org.jspecify.annotations.NullMarked;
