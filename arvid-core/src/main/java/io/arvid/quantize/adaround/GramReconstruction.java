package io.arvid.quantize.adaround;

import io.arvid.quantize.fit.GramLoss;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;

/**
 * The reconstruction of {@link LayerReconstruction} without tokens: the loss over all samples at once is a {@link GramLoss}, whose gradient
 * {@code dL/dŴ = 2 (Ŵ H − B) / count} has a closed form. One step costs {@code 2 · out · in²} operations, whatever the number of tokens. Input scales
 * stay as they are.
 *
 * @param settings optimizer; {@code batchSize} and {@code inputRate} have no part in it
 */
public record GramReconstruction(ReconstructionSettings settings) {
    /** 300 steps, which larger steps make up for, with the official rounding loss. */
    public static ReconstructionSettings quick() {
        return new ReconstructionSettings(300, 1, 1.5e-2, 0, 0.01, 0.2, 20, 2);
    }

    /** Codes of every weight of {@code layer}, float32 {@code [out, in]}. */
    public Tensor codes(ScaledLayer layer, GramLoss loss) {
        try (TensorScope scope = TensorScope.open();
                RoundingRelaxation rounding = new RoundingRelaxation(layer);
                Adam optimizer = new Adam(rounding.alpha())) {
            Tensor hessian = Ops.toF32(loss.hessian());
            Tensor linear = Ops.toF32(loss.linear());
            Tensor scales = layer.scales();
            for (int count = 1; count <= settings.iterations(); count++) {
                try (TensorScope step = TensorScope.open()) {
                    RoundingRelaxation.Relaxed relaxed = rounding.relax(scales);
                    Tensor gradient =
                            Ops.mul_(relaxed.weight().matmul(hessian).sub_(linear), 2 / loss.count());
                    Tensor soft = RoundingRelaxation.softGradient(relaxed, gradient, scales);
                    double beta = settings.beta(count);
                    if (beta > 0) {
                        RoundingRelaxation.addRoundingGradient(relaxed, beta, settings.roundingWeight(), soft);
                    }
                    optimizer.step(RoundingRelaxation.alphaGradient(relaxed, soft), settings.roundingRate());
                }
            }
            return scope.keep(rounding.hardCodes());
        }
    }
}
