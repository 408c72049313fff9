package io.arvid.quantize.arvid;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.InputCalibration;
import io.arvid.quantize.fit.LayerRotation;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.gram.GramSolver;
import io.arvid.quantize.qarvd.OutlierDetection;
import io.arvid.quantize.qarvd.Weighting;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.Scheme;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Settings of {@link ArvidMethod}.
 *
 * @param scheme number scheme
 * @param seed of the choice of tokens
 * @param range how ranges are found before reconstruction
 * @param dualScale true to split layers with outlier channels, weights and inputs
 * @param outliers which channels are split off
 * @param rotation how inputs are rotated before they are quantized, instead of splitting off outlier channels; null for not at all
 * @param weighting how much each chunk's error counts
 * @param sensitivityPrompts prompts that the sensitivity is measured on, where it is used and not given
 * @param inputs what layers are calibrated on
 * @param rangePrompts prompts that input ranges are found on
 * @param calibrationPrompts prompts whose roll-outs are summed up, held-out ones included
 * @param textPrompts prompts that layers which see only the prompt are rounded on, {@code calibrationPrompts} or more; they cost no roll-out
 * @param heldOutEvery every so many-th prompt is held out, to choose between candidates; at least 2
 * @param tokensPerSample tokens kept of each pass, 0 for all
 * @param inputFactors candidates for static input scales, as shares of the scale that the range gives; 1 alone to leave them
 * @param solver rounds a layer
 * @param chunkBits bits of the inputs chunk by chunk, or null for the scheme's everywhere
 * @param kvBits bits of the KV cache chunk by chunk, or null for the scheme's everywhere
 * @param keep layers that stay in full precision, or null
 */
public record ArvidRecipe(
        Scheme scheme,
        long seed,
        RangeRule range,
        boolean dualScale,
        OutlierDetection outliers,
        @Nullable LayerRotation rotation,
        Weighting weighting,
        int sensitivityPrompts,
        Seen inputs,
        int rangePrompts,
        int calibrationPrompts,
        int textPrompts,
        int heldOutEvery,
        int tokensPerSample,
        List<Double> inputFactors,
        GramSolver solver,
        @Nullable ChunkBits chunkBits,
        @Nullable KvBits kvBits,
        @Nullable KeptLayers keep)
        implements CalibratedRecipe {
    /** What layers are calibrated on. */
    public enum Seen {
        /** The inputs of the full-precision model, as the papers do. */
        @JsonProperty("full-precision")
        FULL_PRECISION,

        /**
         * What layers see when those before them, and the cache, are quantized already; the target is the output that full precision has at the same place of
         * its own roll-out, from which this one drifts away.
         */
        @JsonProperty("quantized")
        QUANTIZED,

        /** What layers see then, with the output that they would give on it in full precision as the target. */
        @JsonProperty("quantized-local")
        QUANTIZED_LOCAL
    }

    /** Checks the settings. */
    public ArvidRecipe {
        inputFactors = List.copyOf(inputFactors);
        textPrompts = Math.max(textPrompts, calibrationPrompts);
        if (heldOutEvery < 2 || calibrationPrompts < heldOutEvery) {
            throw new IllegalArgumentException("every " + heldOutEvery + "th of " + calibrationPrompts
                    + " calibration prompts held out: none is left on one side");
        }
        if (rangePrompts < 1 || rangePrompts > calibrationPrompts) {
            throw new IllegalArgumentException(
                    "rangePrompts: " + rangePrompts + " of " + calibrationPrompts + " calibration prompts");
        }
        if (inputFactors.stream().anyMatch(factor -> !(factor > 0)) || !inputFactors.contains(1.0)) {
            throw new IllegalArgumentException("inputFactors: positive numbers, 1 among them, not " + inputFactors);
        }
        if (rotation != null && dualScale) {
            throw new IllegalArgumentException("dualScale: a rotation leaves no outlier channels to split off; set"
                    + " \"dualScale\": false, or leave out the rotation");
        }
        if (chunkBits != null && scheme.inputs() instanceof InputRule.Full) {
            throw new IllegalArgumentException("chunkBits: needs quantized inputs; scheme.inputs has them in full");
        }
        if (chunkBits != null) {
            for (int width : chunkBits.widths()) {
                scheme.inputs().withBits(width); // refuses a width that no grid has before others are measured
            }
        }
        if (sensitivityPrompts < 1 && (weighting.isMeasured() || chunkBits != null || kvBits != null)) {
            throw new IllegalArgumentException("sensitivityPrompts: " + sensitivityPrompts
                    + " prompts to measure on; weighting by sensitivity, chunkBits and kvBits need 1 or more");
        }
        if (kvBits != null && !(scheme.kv() instanceof KvPlan.Grouped)) {
            throw new IllegalArgumentException(
                    "kvBits: needs a scheme.kv of rule 'grouped', whose groups it keeps and whose bits it replaces");
        }
    }

    /** Ranges from the first of the calibration prompts alone. */
    @Override
    public InputCalibration inputCalibration() {
        return new InputCalibration(scheme.inputs(), range.inputs(), rangePrompts, tokensPerSample, seed);
    }

    /** True where keys and values are kept as they are, while calibrating and after it. */
    public boolean leavesCacheAlone() {
        return kvBits == null && scheme.kv() instanceof KvPlan.Full;
    }

    /** True where prompt {@code index} is held out. */
    boolean isHeldOut(int index) {
        return index % heldOutEvery == heldOutEvery - 1;
    }
}
