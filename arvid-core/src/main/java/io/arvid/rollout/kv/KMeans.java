package io.arvid.rollout.kv;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * k-means of the tokens of each head by Euclidean distance (Quant VideoGen {@code kmeans/kmeans_euclid.py}).
 *
 * @param maxIterations assignments of tokens to centroids
 * @param tolerance share of tokens, over all heads together, that may change their centroid when it is called done
 */
public record KMeans(int maxIterations, double tolerance) {
    /**
     * A clustering.
     *
     * @param ids centroid of each token, int64 {@code [N, tokens]}; where the iterations ran out, of the centroids before their last update
     * @param centroids {@code [N, clusters, D]}
     */
    public record Clusters(Tensor ids, Tensor centroids) {
        /** The centroid of each token, {@code [N, tokens, D]}. */
        public Tensor ofTokens() {
            return centroids.gather(1, ids.unsqueeze(-1).expand(ids.size(0), ids.size(1), centroids.size(2)));
        }
    }

    /** Clusters {@code points [N, tokens, D]}, float32, starting at {@code initial [N, clusters, D]}. */
    public Clusters cluster(Tensor points, Tensor initial) {
        try (TensorScope scope = TensorScope.open()) {
            // Equal centroids may differ in the last bit of their products; only at the start can there be equal ones.
            Tensor ids = firstOfEquals(initial).gather(1, nearest(points, initial));
            Tensor centroids = means(points, ids, initial);
            for (int iteration = 2; iteration <= maxIterations; iteration++) {
                Tensor before = ids;
                ids = nearest(points, centroids);
                if (changedShare(before, ids) < tolerance) {
                    break;
                }
                centroids = means(points, ids, centroids);
            }
            return new Clusters(scope.keep(ids), scope.keep(centroids));
        }
    }

    /** Index of the nearest centroid, the first of equals: |x − c|² less |x|², which is the same for all c. */
    private static Tensor nearest(Tensor points, Tensor centroids) {
        Tensor squares = Ops.sum(centroids.square(), false, -1).unsqueeze(1);
        Tensor products = points.matmul(centroids.transpose(1, 2));
        return Ops.argmin(squares.sub(Ops.mul(products, 2)), -1);
    }

    /** Index of the first centroid that equals each centroid, int64 {@code [N, clusters]}. */
    static Tensor firstOfEquals(Tensor centroids) {
        int clusters = Math.toIntExact(centroids.size(1));
        Tensor first = Tensors.arange(DTypes.I64, clusters).unsqueeze(0).repeat(centroids.size(0), 1);
        for (int cluster = clusters - 1; cluster >= 0; cluster--) {
            // A comparison is larger than all centroids: one at a time.
            try (TensorScope scope = TensorScope.open()) {
                Tensor equal = Ops.amin(
                        Ops.to(centroids.eq(Ops.slice(centroids, 1, cluster, cluster + 1)), DTypes.I64), false, -1);
                first.masked_fill_(equal.eq(new Scalar(1)), new Scalar(cluster));
            }
        }
        return first;
    }

    /** Mean of the members of each cluster; an empty one keeps its centroid. */
    private static Tensor means(Tensor points, Tensor ids, Tensor centroids) {
        Tensor index = ids.unsqueeze(-1);
        Tensor sums = Tensors.zeros(DTypes.F32, Tensors.shape(centroids))
                .scatter_add_(1, index.expand(points.size(0), points.size(1), points.size(2)), points);
        Tensor counts = Tensors.zeros(DTypes.F32, centroids.size(0), centroids.size(1), 1)
                .scatter_add_(1, index, Tensors.ones(DTypes.F32, ids.size(0), ids.size(1), 1));
        return Ops.where(counts.gt(new Scalar(0)), sums.div(counts), centroids);
    }

    private static double changedShare(Tensor before, Tensor after) {
        return Tensors.item(Ops.mean(Ops.toF64(before.ne(after)), false, 0, 1));
    }
}
