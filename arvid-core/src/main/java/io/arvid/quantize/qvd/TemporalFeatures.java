package io.arvid.quantize.qvd;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What happens to temporal features: the inputs of the layers that turn the timestep into modulation (HTDQ; inferred). */
public enum TemporalFeatures {
    /** Steps that widen away from zero, with a range of its own on either side of it, chosen for discriminability. */
    @JsonProperty("companded")
    COMPANDED,

    /** A table of the outputs at every timestep of the sampler, in full precision: the layers of the time path are left as they are. */
    @JsonProperty("table")
    TABLE,

    /** One static range with even steps, as for every other input. */
    @JsonProperty("uniform")
    UNIFORM
}
