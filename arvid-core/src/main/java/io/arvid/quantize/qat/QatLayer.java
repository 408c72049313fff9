package io.arvid.quantize.qat;

import io.arvid.model.LinearSite;
import io.arvid.quantize.qvgen.AuxiliaryModule;
import io.arvid.quantize.qvgen.LsqWeight;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.StepBuckets;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * One layer in training:
 *
 * <pre>{@code y = x̂ · (Ŵ + L·diag(γ)·R)ᵀ + bias,   Ŵ = LSQ+(W),  x̂ = the quantized input}</pre>
 *
 * <p>Once Φ is gone this is what a {@link io.arvid.quantize.fake.FakeQuantLayer} of {@link #plan} computes: in float32 bit for bit; in bfloat16 training
 * rounds operands, bias and output, which the plan does not.
 *
 * @param site which layer
 * @param quantizer of the weight
 * @param weight W {@code [out, in]}, or what an adapter makes of it
 * @param bias {@code [out]}
 * @param scale {@code [out, 1]}
 * @param zero {@code [out, 1]}, zeros where the grid is symmetric
 * @param adapter merged into W before its rounding, or null
 * @param module Φ, or null
 * @param input quantizer of the input
 * @param precision of the product
 */
record QatLayer(
        LinearSite site,
        LsqWeight quantizer,
        Tensor weight,
        Tensor bias,
        Tensor scale,
        Tensor zero,
        @Nullable Adapter adapter,
        @Nullable AuxiliaryModule module,
        QatInput input,
        QatRecipe.Precision precision) {
    private static final double SMALLEST_SCALE = 1e-8;

    /**
     * Low-rank factors {@code up · down · gain}. The gain is the layer's mean weight scale over that of all layers, so that a step of the optimizer moves
     * every layer by about the same share of its rounding step (EfficientDM's scale-aware optimization, inferred).
     *
     * @param down {@code [rank, in]}
     * @param up {@code [out, rank]}
     */
    record Adapter(Tensor down, Tensor up, double gain) {}

    /**
     * How much of Φ is left in a step.
     *
     * @param rank columns that count
     * @param gamma factors on them, float32 {@code [initial rank]}
     */
    record Fading(int rank, @Nullable Tensor gamma) {
        /** Nothing. */
        static final Fading GONE = new Fading(0, null);
    }

    private Tensor latentWeight() {
        return adapter == null ? weight : weight.add(Ops.mul(adapter.up().matmul(adapter.down()), adapter.gain()));
    }

    private Tensor positiveScale() {
        return Ops.clampMin(scale, SMALLEST_SCALE);
    }

    /** {@code Ŵ + L·diag(γ)·R}. */
    Tensor effectiveWeight(Fading fading) {
        Tensor rounded = quantizer.fake(latentWeight(), positiveScale(), zero);
        return module == null || fading.gamma() == null || fading.rank() == 0
                ? rounded
                : rounded.add(module.product(fading.gamma(), fading.rank()));
    }

    /** Output {@code [B, L, out]} of x {@code [B, L, in]} with {@code effectiveWeight}. */
    Tensor output(Tensor x, Tensor buckets, Tensor effectiveWeight) {
        Tensor rounded = input.fake(x, buckets);
        return switch (precision) {
            case F32 -> Ops.linear(rounded, effectiveWeight, bias);
            case BF16 ->
                Ops.toF32(Ops.linear(
                        Ops.to(rounded, DTypes.BF16), Ops.to(effectiveWeight, DTypes.BF16), Ops.to(bias, DTypes.BF16)));
        };
    }

    /** The layer without Φ, as the integers have it. */
    LayerPlan plan(StepBuckets buckets) {
        Tensor scales = positiveScale();
        Tensor codes = quantizer.codes(latentWeight(), scales, zero);
        return new LayerPlan(
                quantizer.grid(),
                new Granularity.PerChannel(),
                Ops.to(codes, quantizer.grid().codeType()),
                Ops.copy(scales),
                Ops.copy(zero),
                input.plan(buckets),
                List.of());
    }
}
