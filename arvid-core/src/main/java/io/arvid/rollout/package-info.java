/**
 * The autoregressive loop: noise in, latents out, chunk by chunk over a cache of keys and values.
 *
 * <p>Read {@link io.arvid.rollout.Rollout} first. {@link io.arvid.rollout.RolloutConfig} holds the settings of a model, {@link
 * io.arvid.rollout.FlowMatchSchedule} the noise levels, {@link io.arvid.rollout.ChunkPlan} which frames are made together. {@link
 * io.arvid.rollout.CachedAttention} is what tokens attend to, over a {@link io.arvid.rollout.KvStore} a block. {@link io.arvid.rollout.RollingForcing} denoises several
 * chunks at once, for long videos. Papers: Self-Forcing (chunk-wise
 * few-step roll-out), Causal-Forcing (first-chunk schedule), Rolling Forcing (windows of rising noise).
 */
@NullMarked
package io.arvid.rollout;

import org.jspecify.annotations.NullMarked;
