package io.arvid.quantize.smoothquant;

import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.Scheme;
import java.util.List;

/**
 * Settings of {@link SmoothQuant}.
 *
 * @param scheme number scheme
 * @param seed of the choice of tokens
 * @param range how ranges are found, for weights and static inputs
 * @param alpha migration strength α of {@code s = max|X|^α / max|W|^(1 − α)}: 1 moves all magnitude of the inputs to the weights, 0 all of the weights to
 *     the inputs
 * @param smoothed layers whose inputs are smoothed, by (the start of) their role's name
 * @param calibrationPrompts prompts whose roll-outs are watched
 * @param tokensPerSample tokens kept of each pass for the ranges of static inputs, 0 for all
 */
public record SmoothQuantRecipe(
        Scheme scheme,
        long seed,
        RangeRule range,
        double alpha,
        List<String> smoothed,
        int calibrationPrompts,
        int tokensPerSample)
        implements CalibratedRecipe {
    /** The layers behind a norm: the ones that the official code smooths. */
    public static final List<String> BEHIND_NORMS =
            List.of("self_attn.q", "self_attn.k", "self_attn.v", "cross_attn.q", "ffn.0");

    /** Checks the strength and the layers. */
    public SmoothQuantRecipe {
        smoothed = List.copyOf(smoothed);
        Scheme.requireLayers("smoothed", smoothed);
        if (!(alpha >= 0 && alpha <= 1)) {
            throw new IllegalArgumentException("alpha: " + alpha + " is not in 0 … 1");
        }
    }
}
