package io.arvid.kernel;

import io.arvid.model.RolloutStep;
import io.arvid.quantize.fake.FakeInput;
import io.arvid.quantize.fake.FakeWeight;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.RotationMatrix;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * How far an integer product may be from its simulation in float32.
 *
 * <p>Both compute {@code s·t·Σ (a − z)(w − δ)}. The simulation rounds each of its K products and additions; the integers add exactly, are rounded once to
 * float32 at the size of the sum that is not yet centered, and get three more terms of that size. With u = 2⁻²⁴, A = Σ |x̂||ŵ| and M = s·t·Σ (|a| +
 * |z|)(|w| + |δ|) the difference is at most {@code u·((K + 4)·A + 8·M)}, and u for each of the few operations that both do on the output.
 */
public final class KernelBound {
    private static final double UNIT = 0x1p-24;
    private static final int BYTE = 255;

    private KernelBound() {}

    /** The bound of each output {@code [rows, out]} of {@code x [rows, in]}, where the simulation says {@code y}. */
    public static Tensor of(LayerPlan plan, RolloutStep step, Tensor bias, Tensor x, Tensor y) {
        Tensor corrected = x;
        for (Correction correction : plan.corrections()) {
            corrected = switch (correction) {
                case Correction.ChannelScale(Tensor factors) -> corrected.div(factors);
                case Correction.ChannelShift(Tensor shift, Tensor outputShift) -> corrected.sub(shift);
                case Correction.Rotation r ->
                    corrected
                            .reshape(-1, r.blockSize())
                            .matmul(RotationMatrix.of(r))
                            .reshape(x.size(0), x.size(1));
                case Correction.DualScale inSegments -> corrected;
                case Correction.LowRank beside -> corrected;
            };
        }
        int in = plan.inFeatures();
        Tensor weight = FakeWeight.of(plan).abs();
        Tensor rounded = FakeInput.apply(plan.input(), step, corrected).abs();
        Tensor products = corrected.abs().maximum(rounded).matmul(weight.t());
        Tensor largestInput = largest(plan.input().during(step), rounded);
        for (Correction correction : plan.corrections()) {
            if (correction instanceof Correction.DualScale dual) {
                Tensor outliers = corrected.index_select(1, dual.columns()).abs();
                largestInput = largestInput.add(largest(dual.input().during(step), outliers));
            }
        }
        Tensor largestWeight = Ops.mul(Ops.amax(weight, true, 1), 4).t();
        Tensor uncentered = Ops.mul(largestInput.matmul(largestWeight), in);
        Tensor others = y.abs().add(bias.abs());
        return Ops.mul(Ops.mul(products, in + 4).add(Ops.mul(uncentered, 8)).add(Ops.mul(others, 8)), UNIT);
    }

    /** {@code s·(|a| + |z|)} of a row: a byte and its zero point. Where scales are the row's own, its largest value has at least half of the codes. */
    private static Tensor largest(InputPlan plan, Tensor magnitudes) {
        if (plan instanceof InputPlan.Dynamic dynamic && dynamic.at() instanceof Granularity.PerTensor) {
            return Ops.mul(Ops.amax(magnitudes, true, 0, 1), 4).expand(magnitudes.size(0), 1);
        }
        return plan instanceof InputPlan.Static fixed
                ? Tensors.full(DTypes.F32, fixed.scale() * (2 * BYTE + Math.abs(fixed.zero())), magnitudes.size(0), 1)
                : Ops.mul(Ops.amax(magnitudes, true, 1), 4);
    }
}
