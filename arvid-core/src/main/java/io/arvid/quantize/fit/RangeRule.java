package io.arvid.quantize.fit;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How a recipe asks for ranges. */
public enum RangeRule {
    /** The whole range. */
    @JsonProperty("min-max")
    MIN_MAX(new MinMaxWeightFit(), new MinMaxInputFit()),

    /** The best of three percentiles. */
    @JsonProperty("percentile")
    PERCENTILE(new PercentileWeightFit(), new PercentileInputFit());

    private final WeightFit weights;
    private final InputFit inputs;

    RangeRule(WeightFit weights, InputFit inputs) {
        this.weights = weights;
        this.inputs = inputs;
    }

    /** For the rows of weights. */
    public WeightFit weights() {
        return weights;
    }

    /** For inputs. */
    public InputFit inputs() {
        return inputs;
    }
}
