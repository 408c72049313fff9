package io.arvid.calibrate;

import io.arvid.model.LinearSite;
import java.util.HashMap;
import java.util.Map;

/** Layers that read the very same input are observed once: q, k and v of a self-attention, and k and v of all cross-attentions. */
public final class SharedInput {
    private final Map<String, LinearSite> observed = new HashMap<>();

    /** Name of the input of {@code site}; equal for layers that share it. */
    public static String of(LinearSite site) {
        return switch (site.role()) {
            case SELF_Q, SELF_K, SELF_V -> "blocks." + site.block() + ".self_attn.qkv";
            case CROSS_K, CROSS_V -> "cross_attn.text";
            default -> site.name();
        };
    }

    /** True for the layer through which its input is observed: the first that asked. */
    boolean isObservedThrough(LinearSite site) {
        observed.putIfAbsent(of(site), site);
        return site.equals(observed.get(of(site)));
    }
}
