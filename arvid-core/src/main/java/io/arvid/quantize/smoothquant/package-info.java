/** SmoothQuant (arXiv 2211.10438): large input channels are divided, their weight columns multiplied, before both are quantized. */
@NullMarked
package io.arvid.quantize.smoothquant;

import org.jspecify.annotations.NullMarked;
