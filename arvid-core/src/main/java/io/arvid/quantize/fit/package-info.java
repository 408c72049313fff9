/**
 * Scales and zero points from data: {@link io.arvid.quantize.fit.WeightFit} for the rows of a weight, {@link io.arvid.quantize.fit.InputFit} for the
 * inputs of a layer. Each fit is one class; {@link io.arvid.quantize.fit.RangeRule} names them for recipes.
 */
@NullMarked
package io.arvid.quantize.fit;

import org.jspecify.annotations.NullMarked;
