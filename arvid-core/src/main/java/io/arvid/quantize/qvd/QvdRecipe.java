package io.arvid.quantize.qvd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.InputCalibration;
import io.arvid.quantize.fit.AbsMaxInputFit;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.Scheme;
import java.util.List;

/**
 * Settings of {@link Qvd}.
 *
 * @param scheme number scheme; inputs static on a symmetric grid
 * @param seed of the choice of tokens
 * @param range how ranges of weights are found
 * @param htdq what happens to temporal features (inferred)
 * @param companding candidates of the companded grid
 * @param scri how channel ranges are integrated
 * @param integration search for the threshold
 * @param integrated layers whose inputs are integrated, by (the start of) their role's name
 * @param calibrationPrompts prompts whose roll-outs are watched
 * @param tokensPerSample tokens kept of each pass, 0 for all
 */
public record QvdRecipe(
        Scheme scheme,
        long seed,
        RangeRule range,
        TemporalFeatures htdq,
        TemporalQuantizer companding,
        Integration scri,
        RangeIntegration integration,
        List<String> integrated,
        int calibrationPrompts,
        int tokensPerSample)
        implements CalibratedRecipe {
    /** Forms of SCRI. */
    public enum Integration {
        /** None. */
        @JsonProperty("none")
        NONE,
        /** Channels are shifted: the port's default. */
        @JsonProperty("shift")
        SHIFT,
        /** Channels are shifted, and divided where they exceed the threshold that was found. */
        @JsonProperty("shift-and-scale")
        SHIFT_AND_SCALE
    }

    /** The layers that the port integrates: those of attention and the first of a feed-forward pair. */
    public static final List<String> BLOCKS = List.of("self_attn", "cross_attn.q", "cross_attn.o", "ffn.0");

    private static final List<String> TIME_PATH = List.of("time_embedding.2", "time_projection");

    /** Checks that the parts fit together. */
    public QvdRecipe {
        integrated = List.copyOf(integrated);
        Scheme.requireLayers("integrated", integrated);
        if (!(scheme.inputs() instanceof InputRule.Static rule) || !rule.grid().symmetric()) {
            throw new IllegalArgumentException("qvd wants static inputs on a symmetric grid in scheme.inputs");
        }
        boolean skipsTime =
                TIME_PATH.stream().allMatch(name -> scheme.skip().stream().anyMatch(name::startsWith));
        if (htdq == TemporalFeatures.TABLE && !skipsTime) {
            throw new IllegalArgumentException("htdq: a table holds the time path in full precision, so scheme.skip"
                    + " must name time_embedding and time_projection");
        }
        if (htdq == TemporalFeatures.COMPANDED && skipsTime) {
            throw new IllegalArgumentException("htdq: the companded grid is that of the time path, which scheme.skip"
                    + " holds in full precision; take 'table' or 'uniform'");
        }
    }

    /** True where a roll-out is watched before the one that ranges are found in: for channels, or for temporal features. */
    boolean watchesInputs() {
        return scri != Integration.NONE && !integrated.isEmpty() || htdq == TemporalFeatures.COMPANDED;
    }

    /** Ranges by the largest magnitude, whatever {@code range} says of weights. */
    @Override
    public InputCalibration inputCalibration() {
        return new InputCalibration(scheme.inputs(), new AbsMaxInputFit(), calibrationPrompts, tokensPerSample, seed);
    }
}
