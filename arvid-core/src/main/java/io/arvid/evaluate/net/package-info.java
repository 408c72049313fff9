/**
 * The networks behind the metrics, in float32, with their parameters read from the published files: LPIPS, DINO, CLIP's image tower, MUSIQ, AMT-S,
 * RAFT, and I3D as the user's TorchScript module.
 *
 * <p>Enters: a {@link io.arvid.weights.WeightMap} under the published names, images. Leaves: features and scores. Widths and depths are read from the
 * shapes of the parameters. Read {@link io.arvid.evaluate.net.NetWeights} first, then one network a file.
 */
@NullMarked
package io.arvid.evaluate.net;

import org.jspecify.annotations.NullMarked;
