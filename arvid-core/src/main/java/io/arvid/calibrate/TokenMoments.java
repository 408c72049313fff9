package io.arvid.calibrate;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * What the Gram matrix of an input, and of the input after a shift, follows from.
 *
 * @param products {@code Σ xᵀx}, float64 {@code [in, in]}
 * @param sums {@code Σ x}, float64 {@code [in]}
 * @param count {@code Σ 1}, float64 {@code [1]}
 */
public record TokenMoments(Tensor products, Tensor sums, Tensor count) {
    /** Of no tokens yet, of the open scope. */
    public static TokenMoments none(int in) {
        return new TokenMoments(
                Tensors.zeros(DTypes.F64, in, in), Tensors.zeros(DTypes.F64, in), Tensors.zeros(DTypes.F64, 1));
    }

    /** Adds {@code tokens} float32 {@code [N, in]}, each as {@code share} of them; products in float32, sums in float64. */
    public void add(Tensor tokens, double share) {
        TensorScope.runAndFree(() -> {
            products.add_(Ops.mul(Ops.toF64(tokens.t().mm(tokens)), share));
            sums.add_(Ops.mul(Ops.sum(Ops.toF64(tokens), false, 0), share));
            count.add_(Tensors.full(DTypes.F64, share * tokens.size(0), 1));
        });
    }

    /** All of it. */
    public List<Tensor> tensors() {
        return List.of(products, sums, count);
    }
}
