package io.arvid.calibrate;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * What equation 5 of Q-ARVD needs of the calibration inputs of one layer, however many there are:
 *
 * <pre>{@code
 * H = Σ w·x̂ᵀx̂      C = Σ w·xᵀx̂      G = Σ w·xᵀx            x, x̂: the input before and after its quantizer; w: its frame weight
 * Σ w·|x̂·Ŵᵀ − x·Wᵀ|² = tr(W·G·Wᵀ) − 2·tr(W·C·Ŵᵀ) + tr(Ŵ·H·Ŵᵀ)
 * }</pre>
 *
 * <p>Sums are in float64.
 */
public final class Gram implements AutoCloseable {
    private final Tensor h;
    private final Tensor c;
    private final Tensor g;
    private long tokens;

    /** Sums of nothing, for {@code inFeatures} channels. */
    public Gram(int inFeatures) {
        this.h = TensorScope.own(Tensors.zeros(DTypes.F64, inFeatures, inFeatures));
        this.c = TensorScope.own(Tensors.zeros(DTypes.F64, inFeatures, inFeatures));
        this.g = TensorScope.own(Tensors.zeros(DTypes.F64, inFeatures, inFeatures));
    }

    /**
     * Adds tokens.
     *
     * @param x inputs before quantization, float32 {@code [tokens, in]}
     * @param quantized the same after quantization
     * @param weight how much their errors count
     */
    public void add(Tensor x, Tensor quantized, double weight) {
        TensorScope.runAndFree(() -> {
            Tensor weighted = Ops.mul(quantized, weight);
            h.add_(Ops.toF64(quantized.t().mm(weighted)));
            c.add_(Ops.toF64(x.t().mm(weighted)));
            g.add_(Ops.toF64(x.t().mm(Ops.mul(x, weight))));
        });
        tokens += x.size(0);
    }

    /** {@code Σ w·x̂ᵀx̂}, float64 {@code [in, in]}. */
    public Tensor h() {
        return h;
    }

    /** {@code Σ w·xᵀx̂}, float64 {@code [in, in]}. */
    public Tensor c() {
        return c;
    }

    /** {@code Σ w·xᵀx}, float64 {@code [in, in]}. */
    public Tensor g() {
        return g;
    }

    /** Tokens added. */
    public long tokens() {
        return tokens;
    }

    /** {@code Σ w·|x̂·Ŵᵀ − x·Wᵀ|²} of weight W and its quantized form Ŵ, both {@code [out, in]}. */
    public double error(Tensor weight, Tensor quantizedWeight) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor w = Ops.toF64(weight);
            Tensor q = Ops.toF64(quantizedWeight);
            return Tensors.item(w.mm(g).mul(w).sum())
                    - 2 * Tensors.item(w.mm(c).mul(q).sum())
                    + Tensors.item(q.mm(h).mul(q).sum());
        }
    }

    @Override
    public void close() {
        h.close();
        c.close();
        g.close();
    }
}
