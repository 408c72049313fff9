package io.arvid.quantize.gptq;

import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.Scheme;

/**
 * Settings of {@link GptqMethod}.
 *
 * @param scheme number scheme; groups of weights are found before rounding ("static groups")
 * @param seed of the choice of tokens
 * @param range how ranges are found, for static inputs and, unless {@code gptqRange}, for weights
 * @param gptqRange true for GPTQ's own ranges of weights, which include zero
 * @param shrink true to search narrower ranges of weights; only with {@code gptqRange}
 * @param solver damping, order and blocks
 * @param calibrationPrompts prompts whose roll-outs are watched
 * @param tokensPerSample tokens kept of each pass for the ranges of static inputs, 0 for all
 */
public record GptqRecipe(
        Scheme scheme,
        long seed,
        RangeRule range,
        boolean gptqRange,
        boolean shrink,
        Gptq solver,
        int calibrationPrompts,
        int tokensPerSample)
        implements CalibratedRecipe {
    /** Checks that the range search is one of GPTQ's. */
    public GptqRecipe {
        if (shrink && !gptqRange) {
            throw new IllegalArgumentException("shrink: the search belongs to GPTQ's own ranges; set gptqRange");
        }
    }
}
