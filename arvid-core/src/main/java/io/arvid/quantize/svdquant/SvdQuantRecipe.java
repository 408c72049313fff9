package io.arvid.quantize.svdquant;

import io.arvid.model.LinearSite;
import io.arvid.model.SiteRole;
import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.InputTransform;
import io.arvid.quantize.fit.LowRankBranch;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
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
 * @param shiftActivations true to shift the output of GELU by its lowest value and quantize it on an unsigned grid; other inputs stay symmetric
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
        boolean shiftActivations,
        boolean textPath,
        int calibrationPrompts,
        int tokensPerSample)
        implements CalibratedRecipe {
    /** The lowest value of GELU, as far as bfloat16 goes (deepcompressor {@code nn/struct/attn.py} infer_lowerbound). */
    private static final double LOWEST_GELU = -0.171875;

    /** Checks that a search for smoothing factors has something to find, and that a shift is not one of inputs with a zero point. */
    public SvdQuantRecipe {
        if (smoothing && smoothingSteps < 2) {
            throw new IllegalArgumentException("smoothingSteps: " + smoothingSteps
                    + " leaves nothing to search; take 2 or more, or set \"smoothing\": false");
        }
        if (shiftActivations
                && !(scheme.inputs() instanceof InputRule.Dynamic dynamic
                        && dynamic.grid().symmetric())) {
            throw new IllegalArgumentException("shiftActivations: is for inputs that are dynamic and symmetric;"
                    + " others have a zero point that does the same");
        }
    }

    /** True where the input of {@code site} is the output of GELU and is shifted. */
    boolean shifts(LinearSite site) {
        return shiftActivations && site.role() == SiteRole.FFN_DOWN;
    }

    /** What makes the input of {@code site}, with {@code weight} {@code [out, in]}, non-negative; nothing where it is not shifted. */
    InputTransform shift(LinearSite site, Tensor weight) {
        return shifts(site)
                ? InputTransform.shifting(Tensors.full(DTypes.F32, LOWEST_GELU, site.inFeatures()), weight)
                : InputTransform.NONE;
    }

    /** How dynamic inputs of {@code site} are quantized: unsigned, from 0 to the largest value, where they are shifted. */
    InputPlan dynamicInput(LinearSite site, InputRule.Dynamic rule) {
        return shifts(site)
                ? new InputPlan.Dynamic(IntGrid.asymmetric(rule.grid().bits()), rule.at(), 0, 1, false)
                : new InputPlan.Dynamic(rule.grid(), rule.at());
    }
}
