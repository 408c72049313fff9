package io.arvid.record;

/**
 * Outlier channels of one layer (Q-ARVD, Figure 4).
 *
 * @param site name of the layer
 * @param role what the layer does, such as {@code ffn.2}
 * @param block its transformer block; −1 outside the blocks
 * @param channels input channels
 * @param outliers input channels above the threshold
 */
public record LayerOutliers(String site, String role, int block, int channels, int outliers) {}
