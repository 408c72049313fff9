package io.arvid.quantize.qarvd;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Which of two sources a recipe follows where they differ. */
public enum Follow {
    /** arXiv 2605.21072. */
    @JsonProperty("paper")
    PAPER,

    /** The official code. */
    @JsonProperty("code")
    CODE
}
