/**
 * Checkpoint files in, named tensors out, and back. Read {@link io.arvid.weights.WeightMap} and {@link io.arvid.weights.CheckpointFile} first.
 *
 * <p>Formats: safetensors, single and sharded ({@link io.arvid.weights.SafetensorsFile}, {@link io.arvid.weights.SafetensorsWriter}), and what
 * {@code torch.save} writes ({@code TorchCheckpoint}: the file is mapped, its pickle runs in {@code RestrictedUnpickler}, which cannot execute
 * code). Bad input ends as a {@link io.arvid.weights.CheckpointException} with one line that names the file and what is wrong with it; the folder
 * {@code attacks/} holds the ways that are tested.
 */
@NullMarked
package io.arvid.weights;

import org.jspecify.annotations.NullMarked;
