package io.arvid.pack;

import io.arvid.quantize.fake.FakeWeight;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.RotationMatrix;
import io.arvid.tensor.Ops;
import org.bytedeco.pytorch.Tensor;

/**
 * The ordinary layer that computes what a quantized layer computes when its input is not rounded: corrections of the input are folded into the weight.
 *
 * @param weight float32 {@code [out, in]}
 * @param bias float32 {@code [out]}
 */
record DequantizedLayer(Tensor weight, Tensor bias) {
    /** Folds {@code plan}, whose layer has {@code bias [out]}. Tensors belong to the open scope. */
    static DequantizedLayer of(LayerPlan plan, Tensor bias) {
        Tensor weight = FakeWeight.of(plan);
        Tensor foldedBias = Ops.toF32(bias);
        Correction.LowRank lowRank = plan.correction(Correction.LowRank.class).orElse(null);
        if (lowRank != null) {
            weight = weight.add(lowRank.up().matmul(lowRank.down()));
        }
        // y = W·T₂(T₁(x)): the last correction of the input is the first to meet the weight.
        for (Correction correction : plan.corrections().reversed()) {
            switch (correction) {
                case Correction.ChannelScale(Tensor factors) -> weight = weight.div(factors);
                case Correction.Rotation rotation -> weight = rotate(weight, rotation);
                case Correction.ChannelShift(Tensor shift, Tensor outputShift) ->
                    foldedBias = foldedBias.add(outputShift).sub(weight.matmul(shift));
                case Correction.DualScale inWeight -> {}
                case Correction.LowRank inWeight -> {}
            }
        }
        return new DequantizedLayer(weight, foldedBias);
    }

    /** {@code W·Rᵀ} with R of equal blocks on its diagonal. */
    private static Tensor rotate(Tensor weight, Correction.Rotation rotation) {
        Tensor block = RotationMatrix.of(rotation);
        return weight.reshape(weight.numel() / rotation.blockSize(), rotation.blockSize())
                .matmul(block.t())
                .reshape(weight.size(0), weight.size(1));
    }
}
