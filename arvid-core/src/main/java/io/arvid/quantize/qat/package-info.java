/**
 * Quantization-aware training: the model learns with its quantizers in place, from its full-precision self.
 *
 * <p>In: a transformer, clips with their prompts, a {@link io.arvid.quantize.qat.QatRecipe}. Out: a plan like that of every other method, and the trained
 * weights that the plan leaves in full precision. Read {@link io.arvid.quantize.qat.QatTrainer} first: its loop is the whole story;
 * {@link io.arvid.quantize.qat.QatLayer} is one layer of it. The formulas are those of {@link io.arvid.quantize.qvgen}; LSQ, Q-DM and EfficientDM are
 * recipes of the same loop.
 */
@NullMarked
package io.arvid.quantize.qat;

import org.jspecify.annotations.NullMarked;
