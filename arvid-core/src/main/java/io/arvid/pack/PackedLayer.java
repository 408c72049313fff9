package io.arvid.pack;

import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A {@link LayerPlan} with its codes packed, as files hold it and kernels take it. The columns of a dual-scale layer are kept with the outliers first,
 * so that both sets are contiguous.
 *
 * @param grid grid of the weight codes
 * @param at per channel or grouped, in original columns
 * @param outFeatures rows
 * @param inFeatures columns
 * @param packed codes as {@link CodePacking} stores them
 * @param scales float32 {@code [out, groups]}
 * @param zeros float32 {@code [out, groups]}
 * @param input how the input is quantized
 * @param corrections what rides beside
 * @param columnOrder original column of each kept column, int64 {@code [in]}; null where columns are kept in place
 */
public record PackedLayer(
        IntGrid grid,
        Granularity at,
        int outFeatures,
        int inFeatures,
        Tensor packed,
        Tensor scales,
        Tensor zeros,
        InputPlan input,
        List<Correction> corrections,
        @Nullable Tensor columnOrder) {
    /** Packs {@code plan}. New tensors belong to the open scope, the others to the plan. */
    public static PackedLayer of(LayerPlan plan) {
        Tensor order = plan.correction(Correction.DualScale.class)
                .map(dual -> ColumnOrder.outliersFirst(dual.columns(), plan.inFeatures()))
                .orElse(null);
        Tensor packed = TensorScope.run(() ->
                CodePacking.pack(order == null ? plan.codes() : plan.codes().index_select(1, order), plan.grid()));
        return new PackedLayer(
                plan.grid(),
                plan.at(),
                plan.outFeatures(),
                plan.inFeatures(),
                packed,
                plan.scales(),
                plan.zeros(),
                plan.input(),
                plan.corrections(),
                order);
    }

    /** The plan that was packed. New tensors belong to the open scope, the others to this layer. */
    public LayerPlan unpack() {
        Tensor codes = TensorScope.run(() -> {
            Tensor kept = keptCodes();
            return columnOrder == null
                    ? kept
                    : kept.index_select(1, ColumnOrder.inverse(columnOrder)).contiguous();
        });
        return new LayerPlan(grid, at, codes, scales, zeros, input, corrections);
    }

    /** Codes {@code [out, in]} in the order in which columns are kept, of type {@link IntGrid#codeType()}. */
    public Tensor keptCodes() {
        return keptCodes(0, outFeatures);
    }

    /** Codes of rows {@code [from, to)} in the order in which columns are kept, {@code [to − from, in]}. */
    public Tensor keptCodes(int from, int to) {
        return CodePacking.unpack(packed.narrow(0, from, to - from), grid, inFeatures);
    }

    /** Columns at the front that have scales of their own; 0 where the layer has one scale. */
    public int outlierCount() {
        return correction(Correction.DualScale.class)
                .map(dual -> Math.toIntExact(dual.columns().numel()))
                .orElse(0);
    }

    /** The correction of {@code kind}, if there is one. */
    public <C extends Correction> Optional<C> correction(Class<C> kind) {
        return corrections.stream().filter(kind::isInstance).map(kind::cast).findFirst();
    }

    /** All tensors. */
    public List<Tensor> tensors() {
        List<Tensor> tensors = new ArrayList<>(List.of(packed, scales, zeros));
        corrections.forEach(correction -> tensors.addAll(correction.tensors()));
        if (columnOrder != null) {
            tensors.add(columnOrder);
        }
        return tensors;
    }
}
