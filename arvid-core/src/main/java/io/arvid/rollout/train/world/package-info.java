/**
 * The procedural world of the bundled model: one or two colored shapes that move and bounce on a plain background.
 *
 * <p>Enters: a seed, or a prompt such as {@code a large red circle moving left quickly on a navy background}. Leaves: a {@link
 * io.arvid.rollout.train.world.Scene}, its frames as plain arrays {@code [T, 3, H, W]}, its prompt, and the word list of the tokenizer. Nothing here
 * needs libtorch. Read {@link io.arvid.rollout.train.world.ShapesWorld} first; {@link io.arvid.rollout.train.world.check} reads generated videos back.
 */
@NullMarked
package io.arvid.rollout.train.world;

import org.jspecify.annotations.NullMarked;
