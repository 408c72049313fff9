package io.arvid.quantize.fit;

import io.arvid.tensor.LinearAlgebra;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * The output error of a layer as a function of its rounded weights Ŵ alone, the tokens being summed up in Gram matrices. With inputs X, quantized inputs
 * X̂ and sample weights w,
 *
 * <pre>{@code
 * H = Σ w X̂ᵀ X̂      C = Σ w Xᵀ X̂      G = Σ w Xᵀ X
 * L(Ŵ) = Σ w ‖X Wᵀ − X̂ Ŵᵀ‖² / count = [ tr(W G Wᵀ) − 2 tr(B Ŵᵀ) + tr(Ŵ H Ŵᵀ) ] / count,     B = W C
 * }</pre>
 *
 * With {@code count = samples · out} this is exactly Q-ARVD's equation 5 for fixed input scales.
 *
 * @param hessian H, float64 {@code [in, in]}
 * @param linear B, float64 {@code [out, in]}
 * @param constant {@code tr(W G Wᵀ)}
 * @param count what the sum of squares is divided by
 */
public record GramLoss(Tensor hessian, Tensor linear, double constant, double count) {
    /**
     * Of a weight and the Gram matrices of its inputs.
     *
     * @param weight W {@code [out, in]}
     * @param hessian H {@code [in, in]}
     * @param cross C {@code [in, in]}
     * @param gram G {@code [in, in]}
     * @param samples number of samples
     */
    public static GramLoss of(Tensor weight, Tensor hessian, Tensor cross, Tensor gram, double samples) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor w = Ops.toF64(weight);
            double constant = Tensors.item(w.matmul(Ops.toF64(gram)).mul_(w).sum());
            return new GramLoss(
                    scope.keep(Ops.toF64(hessian)),
                    scope.keep(w.matmul(Ops.toF64(cross))),
                    constant,
                    samples * weight.size(0));
        }
    }

    /** This plus {@code λ ‖Ŵ − W‖² / count}: what the inputs say little about is pulled towards {@code weight} (W {@code [out, in]}). */
    public GramLoss pulledTowards(Tensor weight, double lambda) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor w = Ops.toF64(weight);
            return new GramLoss(
                    scope.keep(LinearAlgebra.shifted(hessian, lambda)),
                    scope.keep(linear.add(Ops.mul(w, lambda))),
                    constant + lambda * Tensors.item(w.mul(w).sum()),
                    count);
        }
    }

    /**
     * The same with a target between two: {@code share · X Wᵀ + (1 − share) · X̂ Wᵀ}, so that B moves from W C to W H. At 1 the weights make up for what is wrong
     * with the inputs, at 0 they only lose as little as they can on the inputs that they get. Up to a constant.
     */
    public GramLoss compensating(Tensor weight, double share) {
        if (share == 1) {
            return this;
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor seen = Ops.toF64(weight).matmul(hessian);
            return new GramLoss(hessian, scope.keep(seen.add(Ops.mul(linear.sub(seen), share))), constant, count);
        }
    }

    /** L(Ŵ) as the sum of its rows, float64 {@code [out]}, up to what does not depend on Ŵ. */
    public Tensor ofRows(Tensor values) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor w = Ops.toF64(values);
            Tensor terms = w.matmul(hessian).sub_(Ops.mul(linear, 2)).mul_(w);
            return scope.keep(Ops.div(Ops.sum(terms, false, 1), count));
        }
    }

    /** L(Ŵ). */
    public double of(Tensor values) {
        try (TensorScope scope = TensorScope.open()) {
            return constant / count + Tensors.item(ofRows(values).sum());
        }
    }

    /** Half of {@code dL/dŴ · count}: {@code R = Ŵ H − B}, float64 {@code [out, in]}. */
    public Tensor residual(Tensor values) {
        return Ops.toF64(values).matmul(hessian).sub_(linear);
    }
}
