package io.arvid.quantize.scheme;

/**
 * What a recipe asks of the weights of quantized layers.
 *
 * @param grid codes
 * @param at per channel or grouped
 */
public record WeightRule(IntGrid grid, Granularity at) {
    /** Checks that the granularity is one of weights. */
    public WeightRule {
        if (!(at instanceof Granularity.PerChannel || at instanceof Granularity.Grouped)) {
            throw new IllegalArgumentException("weights are quantized per-channel or group-N, not " + at.text());
        }
    }
}
