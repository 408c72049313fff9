package io.arvid.rollout.kv;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Tokens as centroids plus a rounded residual, as {@link ResidualQuantizer} makes them. N is batch × heads.
 *
 * @param batch videos
 * @param stages clusterings, in order
 * @param residual what they left over
 */
public record ResidualTokens(long batch, List<Stage> stages, BlockCodes residual) implements QuantizedTokens {
    /**
     * One clustering.
     *
     * @param ids centroid of each token, uint8 {@code [N, tokens]}
     * @param centroids {@code [N, clusters, headDim]}
     */
    public record Stage(Tensor ids, Tensor centroids) {}

    @Override
    public Tensor dequantize() {
        return TensorScope.run(() -> {
            Tensor values = residual.values();
            for (Stage stage : stages) {
                Tensor ids = Ops.to(stage.ids(), DTypes.I64);
                values = values.add(new KMeans.Clusters(ids, Ops.toF32(stage.centroids())).ofTokens());
            }
            return values.unflatten(0, batch, -1);
        });
    }

    @Override
    public Tensor errorVariance() {
        return TensorScope.run(() -> Ops.mean(residual.errorVariance(), true, 1).unflatten(0, batch, -1));
    }

    @Override
    public List<Tensor> tensors() {
        List<Tensor> tensors = new ArrayList<>(residual.tensors());
        stages.forEach(stage -> tensors.addAll(List.of(stage.ids(), stage.centroids())));
        return tensors;
    }
}
