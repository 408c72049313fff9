package io.arvid.quantize.gram;

import io.arvid.calibrate.FrameWeights;
import io.arvid.quantize.fit.GramLoss;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * The three Gram matrices of one layer for its present input plans (H, C and G of {@link GramLoss}), with a weight a token. However many prompts are added,
 * they take {@code 3 · in²} numbers.
 */
public final class LayerGrams implements AutoCloseable {
    private final ScaledLayer layer;
    private final boolean withConstant;
    private final Tensor h;
    private final Tensor c;
    private final Tensor g;
    private double samples;

    /** Sums of nothing for {@code layer}. */
    public LayerGrams(ScaledLayer layer) {
        this(layer, true);
    }

    /** {@code withConstant} false leaves out G, which no choice of codes or input scales changes: the loss is then short of a constant. */
    public LayerGrams(ScaledLayer layer, boolean withConstant) {
        this.layer = layer;
        this.withConstant = withConstant;
        long in = layer.weight().size(1);
        this.h = TensorScope.own(Tensors.zeros(DTypes.F64, in, in));
        this.c = TensorScope.own(Tensors.zeros(DTypes.F64, in, in));
        this.g = TensorScope.own(Tensors.zeros(DTypes.F64, in, in));
    }

    /** Adds a prompt; {@code weights} say how much each chunk's error counts. */
    public void add(PairedInputs inputs, FrameWeights weights) {
        TensorScope.runAndFree(() -> {
            long in = layer.weight().size(1);
            long tokens = inputs.seen().inputs().size(1);
            Tensor perToken = Ops.repeatInterleave(inputs.seen().sumWeights(weights), tokens, 0)
                    .unsqueeze(1);
            Tensor x = layer.transform().input(inputs.fullPrecision().inputs()).reshape(-1, in);
            Tensor quantized = QuantizedInputs.of(layer, inputs.seen()).reshape(-1, in);
            Tensor weighted = quantized.mul(perToken);
            h.add_(Ops.toF64(quantized.t().mm(weighted)));
            c.add_(Ops.toF64(x.t().mm(weighted)));
            if (withConstant) {
                g.add_(Ops.toF64(x.t().mm(x.mul(perToken))));
            }
        });
        samples += inputs.seen().count();
    }

    /** The layer's loss over everything added. */
    public GramLoss loss() {
        return GramLoss.of(layer.weight(), h, c, g, samples);
    }

    @Override
    public void close() {
        h.close();
        c.close();
        g.close();
    }
}
