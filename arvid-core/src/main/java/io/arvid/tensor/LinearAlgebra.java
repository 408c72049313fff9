package io.arvid.tensor;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Matrix factorizations. Results belong to the open scope. */
public final class LinearAlgebra {
    private LinearAlgebra() {}

    /** The factor R {@code [min(n, d), d]} of {@code x = Q R} {@code [n, d]}, so that {@code Rᵀ R = xᵀ x}. */
    public static Tensor triangularFactor(Tensor x) {
        return torch.linalg_qr(x, "r").get1().contiguous();
    }

    /** Singular values of {@code x} {@code [n, d]}, largest first. */
    public static Tensor singularValues(Tensor x) {
        return torch.linalg_svdvals(x);
    }
}
