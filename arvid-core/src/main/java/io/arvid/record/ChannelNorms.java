package io.arvid.record;

import java.util.List;

/**
 * Norms of a layer's weight per input channel, with the channels that the detector calls outliers (Q-ARVD, Figure 3).
 *
 * @param site name of the layer, such as {@code blocks.3.ffn.2}
 * @param norms norm of each column of the weight, largest first
 * @param threshold norms above it are outliers
 * @param outliers channels above the threshold
 * @param separated channels that get a scale of their own, after rounding up to a multiple
 */
public record ChannelNorms(String site, List<Double> norms, double threshold, int outliers, int separated) {}
