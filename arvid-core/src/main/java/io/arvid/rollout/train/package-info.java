/**
 * How the bundled model is made: an autoencoder, a causal transformer trained teacher-forced, and its distillation to a few steps. Everything is
 * seeded and resumes to the same trajectory.
 *
 * <p>Read {@link io.arvid.rollout.train.AutoregressiveTrainer} first; the data come from {@link io.arvid.rollout.train.world}.
 */
@NullMarked
package io.arvid.rollout.train;

import org.jspecify.annotations.NullMarked;
