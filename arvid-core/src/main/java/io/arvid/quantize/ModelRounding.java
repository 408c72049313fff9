package io.arvid.quantize;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How a method that prepares layers rounds their weights in the end. */
public enum ModelRounding {
    /** To the nearest code. */
    @JsonProperty("nearest")
    NEAREST,

    /** By GPTQ on the inputs of the prepared layers. */
    @JsonProperty("gptq")
    GPTQ
}
