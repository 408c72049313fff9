package io.arvid.quantize.minmax;

import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.Scheme;

/**
 * Settings of {@link MinMax}.
 *
 * @param scheme number scheme
 * @param seed of the choice of tokens
 * @param range how ranges are found, for weights and static inputs
 * @param calibrationPrompts prompts whose roll-outs give the ranges of static inputs
 * @param tokensPerSample tokens kept of each pass, 0 for all
 */
public record MinMaxRecipe(Scheme scheme, long seed, RangeRule range, int calibrationPrompts, int tokensPerSample)
        implements CalibratedRecipe {}
