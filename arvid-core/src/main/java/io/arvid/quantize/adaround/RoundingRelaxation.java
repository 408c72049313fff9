package io.arvid.quantize.adaround;

import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Rounding as a variable α a weight: {@code h(α) = clamp(sigmoid(α)·(ζ − γ) + γ, 0, 1)} is how far the weight is rounded up, with ζ = 1.1 and γ = −0.1.
 * α starts where h is the fraction that rounding drops, so that the relaxed weight is the weight itself wherever no clamping interferes.
 */
final class RoundingRelaxation implements AutoCloseable {
    private static final double GAMMA = -0.1;
    private static final double SPAN = 1.2;

    /**
     * A relaxed weight with what its gradient needs; all {@code [out, in]}.
     *
     * @param sigmoid {@code sigmoid(α)}
     * @param stretched h before its clamp
     * @param soft h
     * @param open {@code ⌊W/s⌋ + h}
     * @param codes {@code open} clamped to the grid; codes less zero points
     * @param weight {@code codes · s}
     */
    record Relaxed(Tensor sigmoid, Tensor stretched, Tensor soft, Tensor open, Tensor codes, Tensor weight) {}

    private final Tensor floor;
    private final Tensor lowest;
    private final Tensor highest;
    private final Tensor zeros;
    private final Tensor alpha;

    /** The variables of {@code layer}, at their start. */
    RoundingRelaxation(ScaledLayer layer) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor steps = Ops.toF32(layer.weight()).div(layer.scales());
            Tensor dropped = steps.sub(steps.floor());
            this.zeros = TensorScope.own(layer.zeros());
            this.floor = TensorScope.own(steps.floor());
            this.lowest =
                    TensorScope.own(Ops.add(zeros.neg(), layer.rule().grid().lowest()));
            this.highest =
                    TensorScope.own(Ops.add(zeros.neg(), layer.rule().grid().highest()));
            this.alpha =
                    TensorScope.own(Ops.add(Ops.mul(Ops.add(dropped, -GAMMA).reciprocal_(), SPAN), -1)
                            .log_()
                            .neg_());
        }
    }

    /** {@code ⌊W/s⌋}, {@code [out, in]}. */
    Tensor floor() {
        return floor;
    }

    /** The variables, {@code [out, in]}; changed in place by the optimizer. */
    Tensor alpha() {
        return alpha;
    }

    /** The weight with scales {@code [out, in]} or {@code [out, 1]} at the present α. */
    Relaxed relax(Tensor scales) {
        Tensor sigmoid = alpha.sigmoid();
        Tensor stretched = Ops.add_(Ops.mul(sigmoid, SPAN), GAMMA);
        Tensor soft = Ops.clamp(stretched, 0, 1);
        Tensor open = floor.add(soft);
        Tensor codes = Ops.clamp(open, lowest, highest);
        return new Relaxed(sigmoid, stretched, soft, open, codes, codes.mul(scales));
    }

    /** {@code dL/dα} of {@code softGradient = dL/dh}, which is overwritten: clamps pass a gradient where they change nothing. */
    static Tensor alphaGradient(Relaxed relaxed, Tensor softGradient) {
        Tensor slope = Ops.mul_(relaxed.sigmoid().mul(Ops.add_(relaxed.sigmoid().neg(), 1)), SPAN);
        return softGradient.mul_(slope).mul_(relaxed.soft().eq(relaxed.stretched()));
    }

    /** {@code dL/dh} of {@code weightGradient = dL/dŴ}, which is overwritten. */
    static Tensor softGradient(Relaxed relaxed, Tensor weightGradient, Tensor scales) {
        return weightGradient.mul_(scales).mul_(relaxed.codes().eq(relaxed.open()));
    }

    /** The rounding loss {@code Σ 1 − |2h − 1|^beta}. */
    static Tensor roundingLoss(Relaxed relaxed, double beta) {
        Tensor distance = Ops.add_(Ops.mul(relaxed.soft(), 2), -1).abs_();
        return Ops.add_(Ops.pow(distance, beta).neg_(), 1).sum();
    }

    /** Adds {@code weight} times the rounding loss's gradient {@code −2·beta·|2h − 1|^(beta−1)·sign(2h − 1)} to {@code softGradient}. */
    static void addRoundingGradient(Relaxed relaxed, double beta, double weight, Tensor softGradient) {
        Tensor signed = Ops.add_(Ops.mul(relaxed.soft(), 2), -1);
        Tensor power = Ops.pow(signed.abs(), beta - 1);
        Ops.addcmul_(softGradient, power, signed.sign_(), -2 * beta * weight);
    }

    /** Codes {@code [out, in]} as float32 with every weight rounded to the side that its α favors. */
    Tensor hardCodes() {
        Tensor up = Ops.toF32(Ops.ge(alpha, 0));
        return Ops.clamp(floor.add(up), lowest, highest).add(zeros);
    }

    @Override
    public void close() {
        floor.close();
        lowest.close();
        highest.close();
        zeros.close();
        alpha.close();
    }
}
