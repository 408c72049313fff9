/** Rounding to nearest with ranges from minima and maxima, or from the percentile search that all methods of Q-ARVD's tables share: the smallest method. */
@NullMarked
package io.arvid.quantize.minmax;

import org.jspecify.annotations.NullMarked;
