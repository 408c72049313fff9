/**
 * Checkpoint files in, named tensors out, and back. Read {@link io.arvid.weights.WeightMap} first.
 *
 * <p>Formats: safetensors, single and sharded ({@link io.arvid.weights.SafetensorsFile}, {@link io.arvid.weights.SafetensorsWriter}).
 * Bad input ends as a {@link io.arvid.weights.CheckpointException} with one line that names the file and what is wrong with it.
 */
@NullMarked
package io.arvid.weights;

import org.jspecify.annotations.NullMarked;
