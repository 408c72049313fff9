package io.arvid.quantize.fake;

import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.LayerPlan;
import org.bytedeco.pytorch.Tensor;

/** The weight that a {@link LayerPlan} stands for. */
public final class FakeWeight {
    private FakeWeight() {}

    /** {@code Ŵ = (codes − zeros) · scales}, outlier columns with their own pair; float32 {@code [out, in]}, before any low-rank term. */
    public static Tensor of(LayerPlan plan) {
        int in = plan.inFeatures();
        Tensor scales = AffineQuantizer.perColumn(plan.scales(), plan.at(), in);
        Tensor zeros = AffineQuantizer.perColumn(plan.zeros(), plan.at(), in);
        Tensor weight = AffineQuantizer.values(plan.codes(), scales, zeros);
        plan.correction(Correction.DualScale.class).ifPresent(dual -> {
            Tensor codes = plan.codes().index_select(1, dual.columns());
            weight.index_copy_(1, dual.columns(), AffineQuantizer.values(codes, dual.scales(), dual.zeros()));
        });
        return weight;
    }
}
