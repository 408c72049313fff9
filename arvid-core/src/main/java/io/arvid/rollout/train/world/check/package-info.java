/**
 * Reads generated videos of the shapes world back and says which words of the prompt they fulfil. No learned judge: masks, areas and tracks.
 *
 * <p>Enters: unsigned bytes {@code [T, 3, H, W]} and a prompt. Leaves: a {@link io.arvid.rollout.train.world.check.SemanticCheck} a video and {@link
 * io.arvid.rollout.train.world.check.SemanticRates} a set of videos. Read {@link io.arvid.rollout.train.world.check.SemanticChecker} first.
 *
 * <p>In order: {@code PixelClasses} names the color of each pixel, {@code BlobFinder} measures connected regions, {@code ColorTrack} follows one color
 * through the clip, {@code MotionFit} and {@code MotionConsistency} compare its path with the bouncing motion of the world.
 */
@NullMarked
package io.arvid.rollout.train.world.check;

import org.jspecify.annotations.NullMarked;
