/**
 * Two small feature networks of the bundled world, for machines without the weights that FVD and LPIPS are defined by: {@code fvd-shapes} is a Fréchet
 * distance of {@link io.arvid.evaluate.shapes.ClipNetwork}'s features, {@code lpips-shapes} the perceptual distance of a trunk that
 * {@link io.arvid.evaluate.shapes.FrameNetworkTraining} trains. Their numbers say nothing about other worlds and must never be called FVD or LPIPS.
 *
 * <p>Enters: rendered scenes of {@code rollout.train.world}. Leaves: two weights files. Read {@link io.arvid.evaluate.shapes.ShapesMetricsTraining}
 * first. After: FVD (Unterthiner et al. 2018), LPIPS (Zhang et al. 2018).
 */
@NullMarked
package io.arvid.evaluate.shapes;

import org.jspecify.annotations.NullMarked;
