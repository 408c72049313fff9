package io.arvid.quantize.fit;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Factors that move magnitude from the input channels of a layer to its weight columns: the input is divided by {@code s}, the weight multiplied,
 * {@code s = max|X|^inputExponent / max|W|^weightExponent} (SmoothQuant, arXiv 2211.10438, equation 4, with exponents α and 1 − α).
 *
 * @param inputExponent exponent of the largest magnitude of an input channel
 * @param weightExponent exponent of the largest magnitude of a weight column
 * @param guard what happens to channels without magnitude
 */
public record SmoothingScales(double inputExponent, double weightExponent, Guard guard) {
    /** What happens to channels without magnitude. */
    public enum Guard {
        /** Weight magnitudes and factors are at least 1e-5 (mit-han-lab/smoothquant). */
        @JsonProperty("at-least")
        AT_LEAST,
        /** Factors of zero become one; all become one where one is not finite (deepcompressor). */
        @JsonProperty("ones")
        ONES
    }

    private static final double SMALLEST = 1e-5;

    /** SmoothQuant's factors with migration strength {@code alpha}. */
    public static SmoothingScales smoothQuant(double alpha) {
        return new SmoothingScales(alpha, 1 - alpha, Guard.AT_LEAST);
    }

    /** Largest magnitude of each input channel over all tokens of {@code inputs [..., in]}: {@code [in]}. */
    public static Tensor channelMagnitudes(Tensor inputs) {
        return Ops.amax(inputs.reshape(-1, inputs.size(-1)).abs(), false, 0);
    }

    /** Largest magnitude of each column over the rows of all {@code weights [out, in]} that share an input: {@code [in]}. */
    public static Tensor columnMagnitudes(List<Tensor> weights) {
        return channelMagnitudes(Ops.cat(0, weights));
    }

    /** The factors {@code [in]}, all positive, from the magnitudes of input channels and weight columns {@code [in]}. */
    public Tensor factors(Tensor inputMagnitudes, Tensor weightMagnitudes) {
        return switch (guard) {
            case AT_LEAST ->
                Ops.clampMin(
                        Ops.pow(inputMagnitudes, inputExponent)
                                .div(Ops.pow(guardedWeights(weightMagnitudes), weightExponent)),
                        SMALLEST);
            case ONES -> onesWhereUnusable(inputMagnitudes, weightMagnitudes);
        };
    }

    /** Column magnitudes as {@link Guard#AT_LEAST} uses them. */
    public static Tensor guardedWeights(Tensor weightMagnitudes) {
        return Ops.clampMin(weightMagnitudes, SMALLEST);
    }

    private Tensor onesWhereUnusable(Tensor inputMagnitudes, Tensor weightMagnitudes) {
        Tensor factors = Ops.pow(inputMagnitudes, inputExponent).div(Ops.pow(weightMagnitudes, weightExponent));
        Tensor ones = Tensors.onesLike(factors);
        if (!Tensors.allFinite(factors)) {
            return ones;
        }
        return Ops.where(factors.eq(Tensors.zerosLike(factors)), ones, factors);
    }
}
