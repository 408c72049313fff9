package io.arvid.quantize.ptq4dit;

import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.adaround.AdaRoundRecipe;
import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.Scheme;
import java.util.List;

/**
 * Settings of {@link Ptq4Dit}.
 *
 * @param scheme number scheme; inputs static
 * @param seed of the batches and of the choice of tokens
 * @param range how ranges are found before reconstruction
 * @param balanced layers that are balanced, by (the start of) their role's name
 * @param calibrationPrompts prompts whose roll-outs are watched
 * @param tokensPerSample tokens kept of each pass, 0 for all
 * @param reconstruct false to round to nearest after balancing
 * @param reconstruction optimizer
 */
public record Ptq4DitRecipe(
        Scheme scheme,
        long seed,
        RangeRule range,
        List<String> balanced,
        int calibrationPrompts,
        int tokensPerSample,
        boolean reconstruct,
        ReconstructionSettings reconstruction)
        implements CalibratedRecipe {
    /** Queries, keys, values, attention outputs and the first layer of the feed-forward; not its second, and not what sees only the prompt. */
    public static final List<String> PUBLISHED = List.of("self_attn", "cross_attn.q", "cross_attn.o", "ffn.0");

    /** Checks the layers and the input rule. */
    public Ptq4DitRecipe {
        balanced = List.copyOf(balanced);
        Scheme.requireLayers("balanced", balanced);
        if (reconstruct) {
            AdaRoundRecipe.requireStatic("ptq4dit", scheme);
        }
    }
}
