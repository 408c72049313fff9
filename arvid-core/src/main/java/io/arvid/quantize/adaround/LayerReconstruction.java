package io.arvid.quantize.adaround;

import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Finds roundings and input scales of one layer that keep its output (Q-ARVD, equation 5; {@code quant/layer_recon_self_forcing.py}):
 *
 * <pre>{@code
 * L = mean over batch and output channels of  w_b · Σ_tokens (ŷ − y)²   +   λ · Σ 1 − |2h(α) − 1|^β
 * ŷ = x̂ · Ŵᵀ + bias,   Ŵ = clamp(⌊W/s⌋ + h(α) + z) − z) · s,   x̂ by the layer's static input plans
 * }</pre>
 *
 * <p>Adam on α at a constant rate, Adam on the input scales with a rate that falls to zero along a cosine. Gradients are written out:
 * {@code dL/dŴ = dyᵀ·x̂}, {@code dL/dx̂ = dy·Ŵ} with {@code dy = 2·w_b·(ŷ − y) / (batch·out)}.
 */
public final class LayerReconstruction implements AutoCloseable {
    /**
     * The loss of one step, before the step was taken.
     *
     * @param reconstruction first term
     * @param rounding second term, 0 during the warm-up
     * @param beta exponent of the second term, 0 during the warm-up
     */
    public record Loss(double reconstruction, double rounding, double beta) {
        /** Both terms. */
        public double total() {
            return reconstruction + rounding;
        }
    }

    /**
     * Gradients of one step.
     *
     * @param loss the loss, or null where it was not asked for
     * @param inputScales {@code [1 or 2]}, or null where they are not trained
     * @param weightScales {@code [out, groups]}, of the factors on the weight scales; or null where they are not trained
     * @param alpha {@code [out, in]}
     */
    public record Gradients(
            @Nullable Loss loss,
            @Nullable Tensor inputScales,
            @Nullable Tensor weightScales,
            Tensor alpha) {}

    private final ScaledLayer layer;
    private final ReconstructionSettings settings;
    private final ReconstructionSettings.Extras extras;
    private final Tensor inputs;
    private final Tensor targets;
    private final Tensor sampleWeights;
    private final @Nullable Tensor bias;
    private final RoundingRelaxation rounding;
    private final InputScales inputScales;
    private final WeightScales weightScales;
    private final Adam roundingOptimizer;
    private final Adam inputOptimizer;
    private final @Nullable Adam weightScaleOptimizer;
    private int done;

    /**
     * Starts at nearest rounding.
     *
     * @param layer static input plans; float32
     * @param inputs float32 {@code [N, tokens, in]}
     * @param targets full-precision outputs, float32 {@code [N, tokens, out]}
     * @param sampleWeights how much each sample's error counts, float32 {@code [N]}
     * @param bias float32 {@code [out]} or null
     */
    public LayerReconstruction(
            ScaledLayer layer,
            ReconstructionSettings settings,
            ReconstructionSettings.Extras extras,
            Tensor inputs,
            Tensor targets,
            Tensor sampleWeights,
            @Nullable Tensor bias) {
        this.layer = layer;
        this.settings = settings;
        this.extras = extras;
        this.inputs = inputs;
        this.targets = targets;
        this.sampleWeights = sampleWeights;
        this.bias = bias;
        this.rounding = new RoundingRelaxation(layer);
        this.inputScales = new InputScales(layer);
        this.weightScales = new WeightScales(layer);
        this.roundingOptimizer = new Adam(rounding.alpha());
        this.inputOptimizer = new Adam(inputScales.scales());
        this.weightScaleOptimizer = extras.trainWeightScales() ? new Adam(weightScales.factors()) : null;
    }

    /** All iterations, each on its own random batch without repeats. */
    public LayerPlan run(Seeds seeds) {
        long count = inputs.size(0);
        long batch = Math.min(settings.batchSize(), count);
        while (done < settings.iterations()) {
            try (TensorScope scope = TensorScope.open()) {
                step(Ops.slice(seeds.permutation(count), 0, 0, batch));
            }
        }
        return finish();
    }

    /** One iteration on the samples with these indices, int64 {@code [batch]}. */
    public void step(Tensor samples) {
        iterate(samples, false);
    }

    /** One iteration on the samples with these indices, and the loss that it started from. */
    public Loss measuredStep(Tensor samples) {
        return java.util.Objects.requireNonNull(iterate(samples, true));
    }

    private @Nullable Loss iterate(Tensor samples, boolean measured) {
        try (TensorScope scope = TensorScope.open()) {
            int index = done++;
            Gradients gradients = gradients(samples, settings.beta(done), measured);
            if (gradients.inputScales() != null) {
                inputOptimizer.step(gradients.inputScales(), settings.inputRate() * settings.cosine(index));
                inputScales.hold();
            }
            if (weightScaleOptimizer != null && gradients.weightScales() != null) {
                weightScaleOptimizer.step(gradients.weightScales(), settings.inputRate() * settings.cosine(index));
            }
            double rate = extras.cosineOnRounding() ? settings.cosine(index) : 1;
            roundingOptimizer.step(gradients.alpha(), settings.roundingRate() * rate);
            return gradients.loss();
        }
    }

    /** The gradients that the next iteration would follow on the samples with these indices. */
    public Gradients gradients(Tensor samples) {
        return gradients(samples, settings.beta(done + 1), true);
    }

    private Gradients gradients(Tensor samples, double beta, boolean measured) {
        Tensor scales = weightScales.perWeight();
        RoundingRelaxation.Relaxed relaxed = rounding.relax(scales);
        InputScales.Quantized input = inputScales.quantize(inputs.index_select(0, samples));
        Tensor difference = Ops.linear(input.values(), relaxed.weight(), bias).sub_(targets.index_select(0, samples));
        Tensor outputGradient = difference.mul(outputGradientFactor(samples));
        Tensor rows = outputGradient.reshape(-1, outputGradient.size(-1));
        Tensor weightGradient =
                rows.t().mm(input.values().reshape(-1, input.values().size(-1)));
        return new Gradients(
                measured ? loss(difference, outputGradient, relaxed, beta) : null,
                settings.inputRate() > 0 ? inputScaleGradient(rows, relaxed, input) : null,
                weightScaleOptimizer == null ? null : weightScales.gradient(weightGradient.mul(relaxed.codes())),
                alphaGradient(weightGradient, relaxed, scales, beta));
    }

    /** {@code 2·w_b / (batch·out)} for each sample: {@code [batch, 1, 1]}. */
    private Tensor outputGradientFactor(Tensor samples) {
        double perEntry = 2.0 / (samples.numel() * layer.weight().size(0));
        return Ops.mul_(sampleWeights.index_select(0, samples), perEntry).view(-1, 1, 1);
    }

    private Loss loss(Tensor difference, Tensor outputGradient, RoundingRelaxation.Relaxed relaxed, double beta) {
        double reconstruction = Tensors.item(difference.mul(outputGradient).sum()) / 2;
        double roundingLoss = beta == 0
                ? 0
                : settings.roundingWeight() * Tensors.item(RoundingRelaxation.roundingLoss(relaxed, beta));
        return new Loss(reconstruction, roundingLoss, beta);
    }

    private Tensor inputScaleGradient(Tensor rows, RoundingRelaxation.Relaxed relaxed, InputScales.Quantized input) {
        Tensor slope = input.slope().reshape(-1, input.slope().size(-1));
        return inputScales.gradient(rows.mm(relaxed.weight()), slope);
    }

    /** Overwrites {@code weightGradient}. */
    private Tensor alphaGradient(
            Tensor weightGradient, RoundingRelaxation.Relaxed relaxed, Tensor scales, double beta) {
        Tensor soft = RoundingRelaxation.softGradient(relaxed, weightGradient, scales);
        if (beta > 0) {
            RoundingRelaxation.addRoundingGradient(relaxed, beta, settings.roundingWeight(), soft);
        }
        return RoundingRelaxation.alphaGradient(relaxed, soft);
    }

    /** The plan with every weight rounded to the side that it favors, and the input scales as they are now. */
    public LayerPlan finish() {
        return layer.withScaleTable(weightScales.table())
                .withInputs(inputScales.mainPlan(), inputScales.outlierPlan())
                .withCodes(rounding.hardCodes());
    }

    /** Rounding variables α, {@code [out, in]}. */
    public Tensor alpha() {
        return rounding.alpha();
    }

    /** Input scales {@code [1 or 2]}, the outliers' second. */
    public Tensor inputScales() {
        return inputScales.scales();
    }

    @Override
    public void close() {
        rounding.close();
        inputScales.close();
        weightScales.close();
        roundingOptimizer.close();
        inputOptimizer.close();
        if (weightScaleOptimizer != null) {
            weightScaleOptimizer.close();
        }
    }
}
