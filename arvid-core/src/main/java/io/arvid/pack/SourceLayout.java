package io.arvid.pack;

import java.util.List;

/**
 * How the checkpoint that was quantized names its tensors, so that an export can be loaded like it; the folder of a pipeline of diffusers counts as Wan's.
 *
 * @param container file format
 * @param groups top-level dicts of a PyTorch file that hold the weights; none where they lie at the top
 * @param prefix what stands before every parameter name
 */
public record SourceLayout(Container container, List<String> groups, String prefix) {
    /** File formats. */
    public enum Container {
        SAFETENSORS,
        TORCH
    }

    /** Wan 2.1: safetensors, bare names. */
    public static final SourceLayout WAN = new SourceLayout(Container.SAFETENSORS, List.of(), "");

    /** Self-Forcing and Causal-Forcing: a PyTorch dict of generators, names as in their wrapper. */
    public static final SourceLayout SELF_FORCING =
            new SourceLayout(Container.TORCH, List.of("generator", "generator_ema"), "model.");

    /** Copies the groups. */
    public SourceLayout {
        groups = List.copyOf(groups);
    }
}
