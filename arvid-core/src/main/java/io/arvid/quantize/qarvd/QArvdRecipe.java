package io.arvid.quantize.qarvd;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.quantize.CalibratedRecipe;
import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fit.RangeRule;
import io.arvid.quantize.scheme.InputRule;
import io.arvid.quantize.scheme.Scheme;
import io.arvid.weights.NearestName;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Settings of {@link QArvd}.
 *
 * @param scheme number scheme; inputs static
 * @param seed of the batches and of the choice of tokens
 * @param follow whom to follow where paper and code differ
 * @param overrides single switches, by {@link Difference#key}
 * @param range how ranges are found before reconstruction
 * @param dualScale false to treat all input channels alike (the paper's Table 3)
 * @param outliers which channels get a scale of their own
 * @param weighting how chunks are weighted (the paper's Tables 3 and 4)
 * @param sensitivityPrompts prompts that the sensitivity is measured on, where it is not given
 * @param calibrationPrompts prompts whose roll-outs are reconstructed; the official code takes 1
 * @param tokensPerSample tokens kept of each pass, 0 for all
 * @param reconstruction optimizer; without effect where the solver is {@code gram}
 * @param solver what minimizes equation 5: {@code adaround}, the official loop, or {@code gram}, for models of full size
 */
public record QArvdRecipe(
        Scheme scheme,
        long seed,
        Follow follow,
        SortedMap<String, Boolean> overrides,
        RangeRule range,
        boolean dualScale,
        OutlierDetection outliers,
        Weighting weighting,
        int sensitivityPrompts,
        int calibrationPrompts,
        int tokensPerSample,
        ReconstructionSettings reconstruction,
        Solver solver)
        implements CalibratedRecipe {
    /** What minimizes equation 5. */
    public enum Solver {
        /** The official optimizer: roundings and input scales by gradients over the recorded tokens. */
        @JsonProperty("adaround")
        ADAROUND,
        /**
         * GPTQ and coordinate descent on Gram matrices of the recorded tokens; scales of inputs and weights stay as they were found. {@code reconstruction},
         * {@link Difference#TRAIN_WEIGHT_SCALES} and {@link Difference#COSINE_ON_ROUNDING} have no effect.
         */
        @JsonProperty("gram")
        GRAM
    }

    /** Settings for the official optimizer. */
    public QArvdRecipe(
            Scheme scheme,
            long seed,
            Follow follow,
            SortedMap<String, Boolean> overrides,
            RangeRule range,
            boolean dualScale,
            OutlierDetection outliers,
            Weighting weighting,
            int sensitivityPrompts,
            int calibrationPrompts,
            int tokensPerSample,
            ReconstructionSettings reconstruction) {
        this(
                scheme,
                seed,
                follow,
                overrides,
                range,
                dualScale,
                outliers,
                weighting,
                sensitivityPrompts,
                calibrationPrompts,
                tokensPerSample,
                reconstruction,
                Solver.ADAROUND);
    }

    /** Checks the switches, the input rule and the prompts. */
    public QArvdRecipe {
        overrides = new TreeMap<>(overrides);
        for (String key : overrides.keySet()) {
            if (!Difference.keys().contains(key)) {
                throw new IllegalArgumentException(
                        "unknown key 'overrides." + key + "'" + NearestName.suggestion(key, Difference.keys()));
            }
        }
        for (Difference ofTheLoop : List.of(Difference.TRAIN_WEIGHT_SCALES, Difference.COSINE_ON_ROUNDING)) {
            if (solver == Solver.GRAM && overrides.containsKey(ofTheLoop.key())) {
                throw new IllegalArgumentException(
                        "overrides." + ofTheLoop.key() + ": has no effect with solver 'gram', which trains nothing");
            }
        }
        if (!(scheme.inputs() instanceof InputRule.Static)) {
            throw new IllegalArgumentException(
                    "q-arvd trains static input scales; scheme.inputs asks for another rule");
        }
        if (sensitivityPrompts < 1 && weighting.isMeasured()) {
            throw new IllegalArgumentException("sensitivityPrompts: " + sensitivityPrompts
                    + " prompts to measure on; weighting by sensitivity needs 1 or more");
        }
    }

    /** True where the recipe has the switch {@code difference} on. */
    public boolean has(Difference difference) {
        return overrides.getOrDefault(difference.key(), difference.in(follow));
    }

    /** The same for another number scheme. */
    public QArvdRecipe withScheme(Scheme other) {
        return new QArvdRecipe(
                other,
                seed,
                follow,
                overrides,
                range,
                dualScale,
                outliers,
                weighting,
                sensitivityPrompts,
                calibrationPrompts,
                tokensPerSample,
                reconstruction,
                solver);
    }
}
