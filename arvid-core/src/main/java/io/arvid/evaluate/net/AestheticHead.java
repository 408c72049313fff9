package io.arvid.evaluate.net;

import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.weights.WeightMap;
import org.bytedeco.pytorch.Tensor;

/** LAION's linear aesthetic predictor on CLIP ViT-L/14 image features ({@code sa_0_4_vit_l_14_linear.pth}: {@code weight [1, D]}, {@code bias [1]}). */
public final class AestheticHead implements AutoCloseable {
    private final NetWeights weights;

    /** Copies the head's parameters. */
    public AestheticHead(WeightMap file) {
        this.weights = NetWeights.copy("aesthetic head", file);
    }

    /** Scores, about 0 to 10, of features {@code [T, D]}, which it normalizes. */
    public double[] scores(Tensor features) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor unit = Ops.unitLength(Ops.toF32(features), 1);
            return Tensors.toDoubles(Ops.linear(unit, weights.get("weight"), weights.get("bias")));
        }
    }

    @Override
    public void close() {
        weights.close();
    }
}
