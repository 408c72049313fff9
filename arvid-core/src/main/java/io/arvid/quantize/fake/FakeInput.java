package io.arvid.quantize.fake;

import io.arvid.model.RolloutStep;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** Inputs of a layer quantized and dequantized as an {@link InputPlan} says; float32 in, float32 out, the input untouched. */
public final class FakeInput {
    private static final double SMALLEST_STEP = 1e-8;

    private FakeInput() {}

    /** x {@code [..., in]} after quantization in {@code step}. */
    public static Tensor apply(InputPlan plan, RolloutStep step, Tensor x) {
        return switch (plan.during(step)) {
            case InputPlan.Full() -> x;
            case InputPlan.Static(IntGrid grid, float scale, float zero) -> withPair(grid, scale, zero, x);
            case InputPlan.Dynamic dynamic -> dynamic(x, dynamic);
            case InputPlan.Companded companded -> companded(x, companded);
            case InputPlan.Stepwise stepwise -> throw new IllegalStateException("a stepwise plan within " + stepwise);
        };
    }

    /** x with one pair; {@code clamp(round(x/s) + z) − z} equals {@code clamp(round(x/s), low − z, high − z)}, since z is an integer. */
    public static Tensor withPair(IntGrid grid, float scale, float zero, Tensor x) {
        Tensor step = Tensors.of(new float[] {scale}, 1);
        return Ops.clamp_(x.div(step).round_(), grid.lowest() - zero, grid.highest() - zero)
                .mul_(step);
    }

    private static final double LOG_BASE = 256;

    private static Tensor companded(Tensor x, InputPlan.Companded plan) {
        double steps = plan.grid().steps();
        Tensor negative = x.lt(Tensors.zeros(DTypes.F32));
        Tensor largest = Ops.where(
                negative, Tensors.full(DTypes.F32, plan.negative(), 1), Tensors.full(DTypes.F32, plan.positive(), 1));
        Tensor share = Ops.clamp(x.abs().div_(largest), 0, 1);
        Tensor codes = Ops.mul(compressed(share, plan.exponent()), steps).round_();
        Tensor magnitude = expanded(Ops.div(codes, steps), plan.exponent()).mul_(largest);
        return Ops.where(negative, magnitude.neg(), magnitude);
    }

    /** c(u) of {@link InputPlan.Companded}. */
    private static Tensor compressed(Tensor share, double exponent) {
        return exponent > 0
                ? Ops.pow(share, exponent)
                : Ops.div(Ops.add(Ops.mul(share, LOG_BASE - 1), 1).log_(), Math.log(LOG_BASE));
    }

    private static Tensor expanded(Tensor level, double exponent) {
        return exponent > 0
                ? Ops.pow(level, 1 / exponent)
                : Ops.div(Ops.add(Ops.mul(level, Math.log(LOG_BASE)).exp_(), -1), LOG_BASE - 1);
    }

    private static Tensor dynamic(Tensor x, InputPlan.Dynamic plan) {
        return switch (plan.at()) {
            case Granularity.PerTensor() -> alongLast(x.reshape(1, -1), plan).reshape(Tensors.shape(x));
            case Granularity.PerToken(), Granularity.PerChannel() -> alongLast(x, plan);
            case Granularity.Grouped(int size) -> grouped(x, plan, size);
        };
    }

    /** Where the last group is shorter, it is taken on its own. */
    private static Tensor grouped(Tensor x, InputPlan.Dynamic plan, int size) {
        long in = x.size(-1);
        long whole = in - in % size;
        if (whole == in) {
            return alongLast(x.reshape(x.numel() / size, size), plan).reshape(Tensors.shape(x));
        }
        Tensor rest = alongLast(Ops.slice(x, -1, whole, in), plan);
        return whole == 0 ? rest : Ops.cat(-1, grouped(Ops.slice(x, -1, 0, whole), plan, size), rest);
    }

    private static Tensor alongLast(Tensor x, InputPlan.Dynamic plan) {
        IntGrid grid = plan.grid();
        if (grid.symmetric()) {
            Tensor scale = Ops.clampMin(
                    Ops.div(Ops.mul(Ops.amax(x.abs(), true, -1), plan.highClip()), grid.steps()), SMALLEST_STEP);
            return Ops.clamp_(x.div(scale).round_(), grid.lowest(), grid.highest())
                    .mul_(scale);
        }
        Tensor low = Ops.mul(Ops.amin(x, true, -1), plan.lowClip());
        Tensor high = Ops.mul(Ops.amax(x, true, -1), plan.highClip());
        Tensor scale = Ops.clampMin(Ops.div(high.sub(low), grid.steps()), SMALLEST_STEP);
        Tensor zero = low.neg().div_(scale).round_();
        return AffineQuantizer.fake(
                x, grid, scale, plan.zeroInGrid() ? Ops.clamp_(zero, grid.lowest(), grid.highest()) : zero);
    }
}
