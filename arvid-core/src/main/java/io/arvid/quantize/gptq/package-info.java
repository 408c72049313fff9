/**
 * GPTQ (arXiv 2210.17323) over a whole model: {@link io.arvid.quantize.fit.Gptq} rounds one layer, {@link io.arvid.quantize.gptq.GptqRounding} all of
 * them, {@link io.arvid.quantize.gptq.GptqMethod} is the method on its own. Other methods end with the same rounding.
 */
@NullMarked
package io.arvid.quantize.gptq;

import org.jspecify.annotations.NullMarked;
