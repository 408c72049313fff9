package io.arvid.quantize.adaround;

import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.Scheme;

/**
 * Settings of {@link AdaRound}.
 *
 * @param scheme number scheme; inputs static
 * @param seed of the batches and of the choice of tokens
 * @param range how ranges are found before reconstruction
 * @param calibrationPrompts prompts whose roll-outs are reconstructed
 * @param tokensPerSample tokens kept of each pass, 0 for all
 * @param textPath true to reconstruct the layers that see only the prompt, too
 * @param reconstruction optimizer
 */
public record AdaRoundRecipe(
        Scheme scheme,
        long seed,
        RangeRule range,
        int calibrationPrompts,
        int tokensPerSample,
        boolean textPath,
        ReconstructionSettings reconstruction)
        implements CalibratedRecipe {
    /** Checks the input rule. */
    public AdaRoundRecipe {
        requireStatic("adaround", scheme);
    }

    /** Checks that {@code scheme} has static inputs, whose scales reconstruction trains. */
    public static void requireStatic(String method, Scheme scheme) {
        if (!(scheme.inputs() instanceof InputRule.Static)) {
            throw new IllegalArgumentException(
                    method + " trains static input scales; scheme.inputs asks for another rule");
        }
    }
}
