/**
 * Watching a model while it rolls out: what enters is a {@link io.arvid.calibrate.CalibrationRollouts}, what leaves are samples, ranges and Gram
 * matrices of the inputs of its linear layers. Observers wrap a {@link io.arvid.model.SiteForward}; the model does not know of them.
 */
@NullMarked
package io.arvid.calibrate;

import org.jspecify.annotations.NullMarked;
