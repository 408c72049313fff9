package io.arvid.model;

/** What a linear layer does in a Wan transformer, with the suffix of its parameter name. */
public enum SiteRole {
    SELF_Q("self_attn.q"),
    SELF_K("self_attn.k"),
    SELF_V("self_attn.v"),
    SELF_O("self_attn.o"),
    CROSS_Q("cross_attn.q"),
    CROSS_K("cross_attn.k"),
    CROSS_V("cross_attn.v"),
    CROSS_O("cross_attn.o"),
    FFN_UP("ffn.0"),
    FFN_DOWN("ffn.2"),
    TEXT_UP("text_embedding.0"),
    TEXT_DOWN("text_embedding.2"),
    TIME_UP("time_embedding.0"),
    TIME_DOWN("time_embedding.2"),
    TIME_PROJECTION("time_projection.1"),
    HEAD("head.head");

    private final String suffix;

    SiteRole(String suffix) {
        this.suffix = suffix;
    }

    /** The parameter name without {@code blocks.N.} and {@code .weight}. */
    public String suffix() {
        return suffix;
    }

    /** True for the ten layers inside a transformer block. */
    public boolean isInBlock() {
        return ordinal() <= FFN_DOWN.ordinal();
    }

    /** True for the layers that see only the prompt: cross-attention keys and values, and the text embedding. They run once a video. */
    public boolean isTextPath() {
        return this == CROSS_K || this == CROSS_V || this == TEXT_UP || this == TEXT_DOWN;
    }
}
