package io.arvid.quantize.fit;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * The real-valued weights that are best for quantized inputs: with {@code H = Σ X̂ᵀ X̂} and {@code C = Σ Xᵀ X̂}, the minimum of
 * {@code ‖X Wᵀ − X̂ W*ᵀ‖²} is {@code W* = W C H⁻¹}. GPTQ then rounds W* instead of W.
 */
public enum ResolvedWeight {
    /** {@code W* = W C (H + λI)⁻¹}: pulled towards zero where H says little. */
    DAMPED_HESSIAN,
    /** {@code W* = W (C + λI) (H + λI)⁻¹}: pulled towards W where H says little; equals W where X̂ = X. */
    DAMPED_BOTH,
    /** {@code W* = W}. */
    NONE;

    /**
     * The target W*, float64 {@code [out, in]}.
     *
     * @param weight W {@code [out, in]}
     * @param hessian H {@code [in, in]}
     * @param cross C {@code [in, in]}
     * @param lambda damping
     */
    public Tensor of(Tensor weight, Tensor hessian, Tensor cross, double lambda) {
        Tensor w = Ops.toF64(weight);
        if (this == NONE) {
            return w;
        }
        Tensor c = Ops.toF64(cross);
        if (this == DAMPED_BOTH) {
            c = c.add(Ops.mul(Tensors.identity(DTypes.F64, c.size(0)), lambda));
        }
        Tensor factor = Gptq.factor(Ops.toF64(hessian), lambda);
        return w.matmul(c).matmul(factor.t()).matmul(factor);
    }
}
