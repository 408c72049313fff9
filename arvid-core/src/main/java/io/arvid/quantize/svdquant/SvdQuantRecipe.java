package io.arvid.quantize.svdquant;

import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.LowRankBranch;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.Scheme;
import org.jspecify.annotations.Nullable;

/**
 * Settings of {@link SvdQuant}.
 *
 * @param scheme number scheme
 * @param seed of the choice of tokens
 * @param range how ranges are found, for weights and static inputs
 * @param smoothing true to search for smoothing factors
 * @param smoothingSteps how finely the exponents are searched, 2 or more: {@code 2 · smoothingSteps − 1} candidates
 * @param branch rank and iterations
 * @param gptq how the residual is rounded; null for the nearest code
 * @param textPath true for a branch in the layers that see only the prompt, too
 * @param calibrationPrompts prompts whose roll-outs are watched
 * @param tokensPerSample tokens kept of each pass, 0 for all
 */
public record SvdQuantRecipe(
        Scheme scheme,
        long seed,
        RangeRule range,
        boolean smoothing,
        int smoothingSteps,
        LowRankBranch branch,
        @Nullable Gptq gptq,
        boolean textPath,
        int calibrationPrompts,
        int tokensPerSample)
        implements CalibratedRecipe {
    /** Checks that a search for smoothing factors has something to find. */
    public SvdQuantRecipe {
        if (smoothing && smoothingSteps < 2) {
            throw new IllegalArgumentException("smoothingSteps: " + smoothingSteps
                    + " leaves nothing to search; take 2 or more, or set \"smoothing\": false");
        }
    }
}
