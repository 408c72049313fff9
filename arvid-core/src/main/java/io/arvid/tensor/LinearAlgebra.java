package io.arvid.tensor;

import java.util.Optional;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Matrix factorizations. Results belong to the open scope. */
public final class LinearAlgebra {
    private static final double LEAST_SHARE = 1e-5;

    private LinearAlgebra() {}

    /**
     * The parts of {@code x = U · diag(S) · Vᵀ}, k = min(n, d).
     *
     * @param left U {@code [n, k]}
     * @param values S {@code [k]}, largest first
     * @param right Vᵀ {@code [k, d]}
     */
    public record SingularValues(Tensor left, Tensor values, Tensor right) {}

    /** The factor R {@code [min(n, d), d]} of {@code x = Q R} {@code [n, d]}, so that {@code Rᵀ R = xᵀ x}. */
    public static Tensor triangularFactor(Tensor x) {
        return torch.linalg_qr(x, "r").get1().contiguous();
    }

    /**
     * The parts of {@code x = Q R}, n ≥ d.
     *
     * @param basis Q {@code [n, d]}, orthonormal columns
     * @param triangle R {@code [d, d]}
     */
    public record Orthogonal(Tensor basis, Tensor triangle) {}

    /** The thin QR factors of {@code x} {@code [n, d]}. */
    public static Orthogonal orthogonal(Tensor x) {
        T_TensorTensor_T parts = torch.linalg_qr(x, "reduced");
        return new Orthogonal(parts.get0().contiguous(), parts.get1().contiguous());
    }

    /** Singular values of {@code x} {@code [n, d]}, largest first. */
    public static Tensor singularValues(Tensor x) {
        return torch.linalg_svdvals(x);
    }

    /** The thin singular value decomposition of {@code x} {@code [n, d]}. */
    public static SingularValues decompose(Tensor x) {
        T_TensorTensorTensor_T parts = torch.linalg_svd(x, false, new org.bytedeco.pytorch.StringViewOptional());
        return new SingularValues(parts.get0(), parts.get1(), parts.get2());
    }

    /**
     * The first {@code rank} parts of {@link #decompose}: {@code U [n, rank]}, {@code S [rank]}, {@code Vᵀ [rank, d]}. They come from the eigenvectors of
     * the smaller of {@code xᵀ x} and {@code x xᵀ}, in a part of the time of a decomposition of x; {@code U diag(S) Vᵀ} is then
     * {@code x} projected on these vectors. Where values fall below {@value #LEAST_SHARE} of the first, whose squares are lost in the rounding of the product,
     * x itself is decomposed.
     *
     * @param x float64 {@code [n, d]}
     * @param rank at most min(n, d)
     */
    public static SingularValues leading(Tensor x, int rank) {
        try (TensorScope scope = TensorScope.open()) {
            boolean isTall = x.size(0) >= x.size(1);
            Tensor tall = isTall ? x : x.t();
            T_TensorTensor_T parts = torch.linalg_eigh(tall.t().matmul(tall), "L");
            long all = tall.size(1);
            Tensor squares = Ops.slice(parts.get0(), 0, all - rank, all).flip(0);
            Tensor inner = Ops.slice(parts.get1(), 1, all - rank, all).flip(1);
            if (Tensors.item(squares.select(0, rank - 1))
                    <= LEAST_SHARE * LEAST_SHARE * Tensors.item(squares.select(0, 0))) {
                SingularValues full = decompose(x);
                return new SingularValues(
                        scope.keep(Ops.copy(Ops.slice(full.left(), 1, 0, rank))),
                        scope.keep(Ops.copy(Ops.slice(full.values(), 0, 0, rank))),
                        scope.keep(Ops.copy(Ops.slice(full.right(), 0, 0, rank))));
            }
            Tensor values = squares.sqrt();
            Tensor outer = tall.matmul(inner).div(values);
            return new SingularValues(
                    scope.keep(Ops.copy(isTall ? outer : inner)),
                    scope.keep(values),
                    scope.keep(Ops.copy((isTall ? inner : outer).t())));
        }
    }

    /**
     * The upper triangular U with {@code Uᵀ U = A⁻¹}, or nothing where {@code matrix} (A, symmetric {@code [n, n]}) is not positive definite.
     *
     * <p>With J the reversal of rows: {@code J A J = L Lᵀ} gives {@code A = M Mᵀ} for the upper triangular {@code M = J L J}, and {@code U = M⁻¹}. One
     * factorization and one triangular inverse, instead of the two factorizations and the inverse that the definition suggests.
     */
    public static Optional<Tensor> upperFactorOfInverse(Tensor matrix) {
        try (TensorScope scope = TensorScope.open()) {
            return upperFactor(matrix).map(upper -> {
                Tensor identity = Tensors.identity(DTypes.of(matrix), matrix.size(0));
                return scope.keep(torch.linalg_solve_triangular(upper, identity, true));
            });
        }
    }

    /** M, upper triangular with {@code A = M Mᵀ}; what it takes on the way is freed before the inverse takes its own. */
    private static Optional<Tensor> upperFactor(Tensor matrix) {
        try (TensorScope scope = TensorScope.open()) {
            T_TensorTensor_T lower = torch.linalg_cholesky_ex(matrix.flip(0, 1), false, false);
            return Tensors.item(lower.get1()) == 0
                    ? Optional.of(scope.keep(lower.get0().flip(0, 1)))
                    : Optional.empty();
        }
    }

    /** {@code A + value · I} of a square matrix. */
    public static Tensor shifted(Tensor matrix, double value) {
        Tensor shifted = Ops.copy(matrix);
        Ops.add_(shifted.diagonal(), value);
        return shifted;
    }
}
