package io.arvid.quantize.qvgen;

import io.arvid.tensor.LinearAlgebra;
import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/**
 * The auxiliary module Φ of one layer: a low-rank term {@code L · diag(γ) · R} beside the quantized weight, fed by the quantized input. It starts as the
 * best low-rank part of the quantization error, so that training starts near full precision with small gradients; the rank schedule takes it away.
 *
 * @param left L {@code [out, rank]}
 * @param right R {@code [rank, in]}
 */
public record AuxiliaryModule(Tensor left, Tensor right) {
    /** The balanced factors {@code U·√Σ}, {@code √Σ·Vᵀ} of the {@code rank} largest singular values of an error {@code [out, in]}. */
    public static AuxiliaryModule ofError(Tensor error, int rank) {
        return balanced(LinearAlgebra.decompose(error), rank);
    }

    private static AuxiliaryModule balanced(LinearAlgebra.SingularValues parts, int rank) {
        long kept = Math.min(rank, parts.values().size(0));
        Tensor root = Ops.slice(parts.values(), 0, 0, kept).sqrt();
        Tensor left = Ops.slice(parts.left(), 1, 0, kept).mul(root);
        Tensor right = Ops.slice(parts.right(), 0, 0, kept).mul(root.unsqueeze(1));
        return new AuxiliaryModule(padded(left, 1, rank), padded(right, 0, rank));
    }

    /** Zeros where a small layer has fewer singular values than the rank. */
    private static Tensor padded(Tensor factor, int dimension, long rank) {
        long missing = rank - factor.size(dimension);
        if (missing == 0) {
            return factor;
        }
        return dimension == 1 ? Ops.pad(factor, 0, missing) : Ops.pad(factor, 0, 0, 0, missing);
    }

    /**
     * The first {@code rank} columns with their product refactored by singular value, balanced; the other columns stay as they are, stale. By the QR
     * factors of both sides, so that only a {@code rank × rank} matrix is decomposed.
     */
    public AuxiliaryModule sorted(int rank) {
        Tensor keptLeft = Ops.slice(left, 1, 0, rank);
        Tensor keptRight = Ops.slice(right, 0, 0, rank);
        LinearAlgebra.Orthogonal tall = LinearAlgebra.orthogonal(keptLeft);
        LinearAlgebra.Orthogonal wide = LinearAlgebra.orthogonal(keptRight.t());
        LinearAlgebra.SingularValues core =
                LinearAlgebra.decompose(tall.triangle().matmul(wide.triangle().t()));
        AuxiliaryModule kept = balanced(core, rank);
        Tensor sortedLeft = tall.basis().matmul(kept.left());
        Tensor sortedRight = kept.right().matmul(wide.basis().t());
        return new AuxiliaryModule(
                Ops.cat(1, sortedLeft, Ops.slice(left, 1, rank, left.size(1))),
                Ops.cat(0, sortedRight, Ops.slice(right, 0, rank, right.size(0))));
    }

    /** {@code L · diag(γ) · R} {@code [out, in]} of the first {@code rank} columns; γ {@code [≥ rank]}. Differentiable in L and R. */
    public Tensor product(Tensor gamma, int rank) {
        Tensor scaled = Ops.slice(left, 1, 0, rank).mul(Ops.slice(gamma, 0, 0, rank));
        return scaled.matmul(Ops.slice(right, 0, 0, rank));
    }
}
