package io.arvid.quantize.rotation;

import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.LayerRotation;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.Correction.Rotation;
import io.arvid.quantize.scheme.Scheme;
import org.jspecify.annotations.Nullable;

/**
 * Settings of {@link RotationMethod}.
 *
 * @param scheme number scheme
 * @param seed of the choice of tokens
 * @param range how ranges are found, for weights and static inputs
 * @param family of orthogonal matrices
 * @param largestBlock blocks are the largest of the family that divide a layer's inputs and are no larger than this
 * @param gptq how rotated weights are rounded; null for the nearest code
 * @param calibrationPrompts prompts whose roll-outs are watched, where static ranges or GPTQ need them
 * @param tokensPerSample tokens kept of each pass for the ranges of static inputs, 0 for all
 */
public record RotationRecipe(
        Scheme scheme,
        long seed,
        RangeRule range,
        Rotation.Kind family,
        int largestBlock,
        @Nullable Gptq gptq,
        int calibrationPrompts,
        int tokensPerSample)
        implements CalibratedRecipe {
    /** Checks that the smallest block of the family is not too large. */
    public RotationRecipe {
        new LayerRotation(family, largestBlock);
    }

    /** How layers are rotated. */
    LayerRotation rotation() {
        return new LayerRotation(family, largestBlock);
    }
}
