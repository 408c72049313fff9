package io.arvid.quantize.qvgen;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What to do where paper and official code differ. */
public enum Follow {
    /** Clip ratio once, zero points where they fall, timesteps in equal intervals, Φ of what training quantizes. */
    @JsonProperty("paper")
    PAPER,

    /**
     * As the code: an input's clip ratio of 0.95 stands beside the learned one, zero points are clamped to the grid, timesteps by remainder, Φ of the
     * residual.
     */
    @JsonProperty("code")
    CODE
}
