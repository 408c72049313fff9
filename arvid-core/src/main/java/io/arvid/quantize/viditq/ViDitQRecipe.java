package io.arvid.quantize.viditq;

import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.Scheme;
import java.util.List;

/**
 * Settings of {@link ViDitQ}.
 *
 * @param scheme number scheme
 * @param seed of the choice of tokens
 * @param range how ranges are found, for weights and static inputs
 * @param alpha exponent of the input's magnitude in the factors, {@code s = a^α / w^(1 − α)}
 * @param momentum of the running mean of magnitudes over passes
 * @param timestepRanges equal ranges of timesteps with factors of their own; 1 for the same factors all along
 * @param balanced layers that are balanced, by (the start of) their role's name
 * @param calibrationPrompts prompts whose roll-outs are watched
 * @param tokensPerSample tokens kept of each pass for the ranges of static inputs, 0 for all
 */
public record ViDitQRecipe(
        Scheme scheme,
        long seed,
        RangeRule range,
        double alpha,
        double momentum,
        int timestepRanges,
        List<String> balanced,
        int calibrationPrompts,
        int tokensPerSample)
        implements CalibratedRecipe {
    /** All layers of a block whose input changes along the roll-out. */
    public static final List<String> BLOCKS = List.of("self_attn", "cross_attn.q", "cross_attn.o", "ffn");

    /** Checks the numbers and the layers. */
    public ViDitQRecipe {
        balanced = List.copyOf(balanced);
        Scheme.requireLayers("balanced", balanced);
        if (!(alpha >= 0 && alpha <= 1) || !(momentum >= 0 && momentum < 1) || timestepRanges < 1) {
            throw new IllegalArgumentException("alpha " + alpha + ", momentum " + momentum + " and " + timestepRanges
                    + " timestep ranges; wanted 0 … 1, 0 … 1 and at least 1");
        }
    }
}
