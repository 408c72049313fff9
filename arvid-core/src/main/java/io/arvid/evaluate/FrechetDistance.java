package io.arvid.evaluate;

import io.arvid.record.Estimate;
import io.arvid.tensor.LinearAlgebra;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/**
 * Fréchet distance of two sets of features, each taken as a Gaussian (FVD, Unterthiner et al. 2018, arXiv 1812.01717):
 *
 * <pre>{@code
 * ‖μ1 − μ2‖² + Tr(Σ1 + Σ2 − 2 (Σ1 Σ2)^½)          Σ with n − 1 in the denominator
 * }</pre>
 *
 * <p>The official script takes the matrix square root of Σ1Σ2, which is singular where samples are fewer than dimensions. Here the trace comes from
 * {@code Tr (Σ1 Σ2)^½ = ‖R1 R2ᵀ‖_* / √((n1−1)(n2−1))}, with {@code R} the triangular factor of the centred features and {@code ‖·‖_*} the sum of
 * singular values (their squares are the eigenvalues of {@code Σ1^½ Σ2 Σ1^½}): no square root of a rounding error, at any number of samples.
 */
public final class FrechetDistance {
    /**
     * One set of features as a Gaussian.
     *
     * @param samples number of rows n
     * @param mean float64 {@code [D]}
     * @param factor float64 {@code [min(n, D), D]} with {@code factorᵀ · factor = (n − 1) · covariance}
     */
    record Gaussian(long samples, Tensor mean, Tensor factor) {
        static Gaussian of(Tensor features) {
            if (features.dim() != 2 || features.size(0) == 0) {
                throw new IllegalArgumentException("features must be [n, D] with at least one row");
            }
            Tensor rows = Ops.toF64(features);
            Tensor mean = Ops.mean(rows, false, 0);
            return new Gaussian(rows.size(0), mean, LinearAlgebra.triangularFactor(rows.sub(mean)));
        }

        /** Covariance with n − 1 in the denominator; one sample has none (NaN). */
        Tensor covariance() {
            return Ops.div(factor.t().matmul(factor), samples - 1);
        }

        double varianceSum() {
            return Tensors.item(factor.square().sum()) / (samples - 1);
        }
    }

    /** Below this many numbers, handing work to other threads takes longer than the work. */
    private static final long FEWEST_FOR_THREADS = 1 << 15;

    private FrechetDistance() {}

    /**
     * Distance of two sets of features; where the first has one row only, the mean term alone, as the official script.
     *
     * @param first {@code [n1, D]}, any floating type; computed in float64
     * @param second {@code [n2, D]}
     */
    public static double between(Tensor first, Tensor second) {
        try (TensorScope scope = TensorScope.open()) {
            if (first.size(-1) != second.size(-1)) {
                throw new IllegalArgumentException("Fréchet distance of features with " + first.size(-1) + " and "
                        + second.size(-1) + " dimensions");
            }
            Gaussian a = Gaussian.of(first);
            Gaussian b = Gaussian.of(second);
            double means = Tensors.item(a.mean().sub(b.mean()).square().sum());
            if (a.samples() == 1) {
                return means;
            }
            return means + a.varianceSum() + b.varianceSum() - 2 * traceOfRootProduct(a, b);
        }
    }

    /**
     * Distance of two sets of features that are paired row by row, with an interval over the pairs.
     *
     * @param first {@code [n, D]}
     * @param second {@code [n, D]}
     */
    public static Estimate between(Tensor first, Tensor second, PairedBootstrap bootstrap) {
        return between(first, second, bootstrap, VideoGroups.each((int) first.size(0)));
    }

    /** The same with an interval over {@code groups} of pairs. */
    public static Estimate between(Tensor first, Tensor second, PairedBootstrap bootstrap, VideoGroups groups) {
        if (first.size(0) != second.size(0)) {
            throw new IllegalArgumentException("pairs of " + first.size(0) + " and " + second.size(0) + " features");
        }
        int threads = Torch.threads();
        try (TensorScope scope = TensorScope.open()) {
            if (first.numel() < FEWEST_FOR_THREADS) {
                Torch.setThreads(1);
            }
            Tensor a = Ops.toF64(first);
            Tensor b = Ops.toF64(second);
            return bootstrap.ofDistance(groups, chosen -> {
                try (TensorScope draw = TensorScope.open()) {
                    long[] indices = Arrays.stream(chosen).asLongStream().toArray();
                    Tensor rows = Tensors.of(indices, indices.length);
                    return between(a.index_select(0, rows), b.index_select(0, rows));
                }
            });
        } finally {
            Torch.setThreads(threads);
        }
    }

    /** {@code Tr (Σ1 Σ2)^½}. */
    private static double traceOfRootProduct(Gaussian a, Gaussian b) {
        Tensor singular =
                LinearAlgebra.singularValues(a.factor().matmul(b.factor().t()));
        return Tensors.item(singular.sum()) / Math.sqrt((double) (a.samples() - 1) * (b.samples() - 1));
    }

    /** Mean {@code [D]} of features {@code [n, D]}, float64. */
    public static Tensor mean(Tensor features) {
        return TensorScope.run(() -> Gaussian.of(features).mean());
    }

    /** Covariance {@code [D, D]} of features {@code [n, D]} with n − 1 in the denominator, float64. */
    public static Tensor covariance(Tensor features) {
        return TensorScope.run(() -> Gaussian.of(features).covariance());
    }
}
