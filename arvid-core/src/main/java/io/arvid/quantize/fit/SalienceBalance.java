package io.arvid.quantize.fit;

import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/**
 * Channel-wise salience balancing with Spearman's ρ-guided salience calibration (PTQ4DiT, arXiv 2405.16005, sections 3.2 and 3.3; adreamwu/PTQ4DiT
 * {@code models.py}): the salience of an input channel differs from sample to sample, and samples whose salient channels are not those of the weight
 * count most.
 *
 * @param inputSalience largest magnitude over the tokens of each sample, float32 {@code [samples, in]}
 * @param weightSalience largest magnitude of each weight column, float32 {@code [in]}
 */
public record SalienceBalance(Tensor inputSalience, Tensor weightSalience) {
    private static final double SMALLEST_WEIGHT = 1e-8;

    /** Of samples {@code [samples, tokens, in]} and a weight {@code [out, in]}. */
    public static SalienceBalance of(Tensor samples, Tensor weight) {
        return new SalienceBalance(Ops.amax(samples.abs(), false, 1), Ops.amax(weight.abs(), false, 0));
    }

    /** ρ of each sample: Spearman's rank correlation of its salience with the weight's; 0 where one of the two does not vary. */
    public double[] correlations() {
        int samples = (int) inputSalience.size(0);
        int channels = (int) inputSalience.size(1);
        double[] inputs = Tensors.toDoubles(inputSalience);
        double[] weightRanks = RankCorrelation.ranks(Tensors.toDoubles(weightSalience));
        double[] correlations = new double[samples];
        for (int sample = 0; sample < samples; sample++) {
            double[] salience = Arrays.copyOfRange(inputs, sample * channels, (sample + 1) * channels);
            double rho = RankCorrelation.ofRanks(RankCorrelation.ranks(salience), weightRanks);
            correlations[sample] = Double.isNaN(rho) ? 0 : rho;
        }
        return correlations;
    }

    /** η of each sample: {@code softmax(−ρ)}. */
    public double[] shares() {
        double[] exponentials =
                Arrays.stream(correlations()).map(rho -> Math.exp(-rho)).toArray();
        double sum = Arrays.stream(exponentials).sum();
        return Arrays.stream(exponentials).map(e -> e / sum).toArray();
    }

    /** {@code Σ η · salience} over the samples: float32 {@code [in]}. */
    public Tensor aggregated() {
        double[] shares = shares();
        return Ops.toF32(Tensors.of(shares, 1, shares.length)
                .matmul(Ops.toF64(inputSalience))
                .squeeze(0));
    }

    /** {@code √(aggregated / weight salience)}: the input is divided by it, the weight multiplied; float32 {@code [in]}, 1 where an input is always zero. */
    public Tensor factors() {
        Tensor factors =
                aggregated().div(Ops.add(weightSalience, SMALLEST_WEIGHT)).sqrt();
        return Ops.where(factors.eq(Tensors.zerosLike(factors)), Tensors.onesLike(factors), factors);
    }
}
