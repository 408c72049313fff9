package io.arvid.rollout.kv;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Quant VideoGen's progressive residual quantization: stages of k-means over the tokens of a head, each on what the stages before left over, and the
 * last residual in blocks of few bits (QVG {@code real/prq.py} prq_quant).
 *
 * @param stages k-means stages
 * @param clusters centroids of a head and stage, at most 256; fewer where there are fewer tokens
 * @param clustering when k-means stops
 * @param blocks how the last residual is rounded
 * @param centroidType type in which centroids are stored
 * @param seed of the tokens that the centroids start from
 */
public record ResidualQuantizer(
        int stages, int clusters, KMeans clustering, BlockQuantizer blocks, DTypes centroidType, long seed)
        implements TokenQuantizer {
    /** Checks the settings. */
    public ResidualQuantizer {
        if (stages < 0 || clusters < 1 || clusters > 256) {
            throw new IllegalArgumentException(stages + " stages of " + clusters + " clusters; use 1 to 256 clusters");
        }
    }

    /** Two-bit codes in blocks of 64 after one stage: what Quant VideoGen uses for Self-Forcing. */
    public static ResidualQuantizer selfForcing(long seed) {
        return new ResidualQuantizer(1, 256, new KMeans(2, 1e-4), new BlockQuantizer(2, 64, false), DTypes.BF16, seed);
    }

    @Override
    public ResidualTokens quantize(Tensor tokens) {
        try (Seeds seeds = new Seeds(seed)) {
            List<Tensor> initial = new ArrayList<>();
            return quantize(tokens, (stage, residual) -> {
                long count = Math.min(clusters, residual.size(1));
                return residual.index_select(1, Ops.slice(seeds.permutation(residual.size(1)), 0, 0, count));
            });
        }
    }

    /** Where the centroids of a stage start. */
    @FunctionalInterface
    public interface Start {
        /** Centroids {@code [N, clusters, D]} for the residual {@code [N, tokens, D]} of {@code stage}. */
        Tensor centroids(int stage, Tensor residual);
    }

    /** Quantizes {@code tokens [B, heads, tokens, headDim]} with centroids that start as {@code start} says. */
    public ResidualTokens quantize(Tensor tokens, Start start) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor residual = Ops.toF32(tokens).flatten(0, 1);
            List<ResidualTokens.Stage> found = new ArrayList<>();
            for (int stage = 0; stage < stages; stage++) {
                KMeans.Clusters clusters = clustering.cluster(residual, start.centroids(stage, residual));
                Tensor stored = Ops.to(clusters.centroids(), centroidType);
                residual = residual.sub(new KMeans.Clusters(clusters.ids(), Ops.toF32(stored)).ofTokens());
                found.add(new ResidualTokens.Stage(Ops.to(clusters.ids(), DTypes.U8), stored));
            }
            BlockCodes codes = blocks.quantize(residual);
            ResidualTokens result = new ResidualTokens(tokens.size(0), List.copyOf(found), codes);
            result.tensors().forEach(TensorScope::own);
            return result;
        }
    }
}
