package io.arvid.quantize.adaround;

import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/**
 * The static input scales of a layer as trainable variables: one, or a second for the outlier channels. Rounding passes gradients straight through;
 * the clamp passes them inside its range, bounds included.
 */
final class InputScales implements AutoCloseable {
    /**
     * A quantized input.
     *
     * @param values x̂ {@code [..., in]}
     * @param slope derivative of each value by its channel's scale, {@code [..., in]}
     */
    record Quantized(Tensor values, Tensor slope) {}

    private final InputPlan.Static main;
    private final InputPlan.Static second;
    private final Tensor groupOfChannel;
    private final Tensor lowest;
    private final Tensor highest;
    private final Tensor scales;
    private final Tensor least;

    /** The variables of {@code layer}, whose inputs are static; one scale for all channels where the outliers share it. */
    InputScales(ScaledLayer layer) {
        ScaledLayer.Outliers outliers = layer.outliers();
        this.main = (InputPlan.Static) layer.input();
        this.second = outliers == null ? main : (InputPlan.Static) outliers.input();
        int in = (int) layer.weight().size(1);
        try (TensorScope scope = TensorScope.open()) {
            boolean apart = outliers != null && !outliers.sharesInput();
            Tensor group = Tensors.zeros(DTypes.I64, in);
            if (apart) {
                group.masked_fill_(ScaledLayer.isOutlier(outliers.columns(), in), Tensors.ones(DTypes.I64));
            }
            this.groupOfChannel = TensorScope.own(group);
            this.scales = TensorScope.own(
                    apart
                            ? Tensors.of(new float[] {main.scale(), second.scale()}, 2)
                            : Tensors.of(new float[] {main.scale()}, 1));
            this.least = TensorScope.own(Ops.mul(scales, ScaleAdam.LEAST_SHARE));
            this.lowest =
                    TensorScope.own(bounds(main.grid().lowest(), second.grid().lowest(), apart));
            this.highest =
                    TensorScope.own(bounds(main.grid().highest(), second.grid().highest(), apart));
        }
    }

    private Tensor bounds(int mainBound, int secondBound, boolean apart) {
        float[] bounds = {mainBound - main.zero(), secondBound - second.zero()};
        return apart ? Tensors.of(bounds, 2).index_select(0, groupOfChannel) : Tensors.of(new float[] {bounds[0]}, 1);
    }

    /** The scales {@code [1 or 2]}, the outliers' second; changed in place by the optimizer. */
    Tensor scales() {
        return scales;
    }

    /** Lifts scales that a step took below {@link ScaleAdam#LEAST_SHARE} of their start. */
    void hold() {
        scales.copy_(scales.maximum(least));
    }

    /** x {@code [..., in]} at the present scales. */
    Quantized quantize(Tensor x) {
        Tensor perChannel = scales.numel() == 1 ? scales : scales.index_select(0, groupOfChannel);
        Tensor steps = x.div(perChannel);
        Tensor rounded = steps.round();
        Tensor codes = Ops.clamp(rounded, lowest, highest);
        Tensor slope = Ops.addcmul_(Ops.copy(codes), steps, Ops.toF32(rounded.eq(codes)), -1);
        return new Quantized(codes.mul_(perChannel), slope);
    }

    /** {@code dL/dscale} {@code [1 or 2]} of {@code valueGradient = dL/dx̂}, which is overwritten; both {@code [rows, in]}. */
    Tensor gradient(Tensor valueGradient, Tensor slope) {
        Tensor perChannel = Ops.sum(valueGradient.mul_(slope), false, 0);
        return Tensors.zerosLike(scales).index_add_(0, groupOfChannel, perChannel);
    }

    /** The plan of the main channels at the present scales. */
    InputPlan mainPlan() {
        return withScale(main, 0);
    }

    /** The plan of the outlier channels at the present scales. */
    InputPlan outlierPlan() {
        return withScale(second, scales.numel() == 1 ? 0 : 1);
    }

    private InputPlan withScale(InputPlan.Static plan, int index) {
        IntGrid grid = plan.grid();
        return new InputPlan.Static(grid, Tensors.toFloats(scales)[index], plan.zero());
    }

    @Override
    public void close() {
        groupOfChannel.close();
        lowest.close();
        highest.close();
        scales.close();
        least.close();
    }
}
