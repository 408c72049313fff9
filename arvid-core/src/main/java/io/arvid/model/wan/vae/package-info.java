/**
 * The Wan video autoencoder: video in, latents out, and back, frame by frame in bounded memory.
 *
 * <p>Read {@link io.arvid.model.wan.vae.WanVae} first, then {@link io.arvid.model.wan.vae.WanVaeConfig#decoder()}: the network is a list of layers.
 * Every convolution looks back in time only, so that a {@link io.arvid.model.wan.vae.FrameHistory} of a few frames is all that a stream has to
 * remember. Inside, activations are {@code [B, T, H, W, C]}: with channels innermost in memory convolutions run fastest, norms read memory in order and
 * frames join without being taken apart. Source: Wan2.1 {@code wan/modules/vae.py}.
 */
@NullMarked
package io.arvid.model.wan.vae;

import org.jspecify.annotations.NullMarked;
