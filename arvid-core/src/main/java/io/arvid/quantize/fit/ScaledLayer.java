package io.arvid.quantize.fit;

import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A layer whose scales and zero points are chosen and whose rounding is still open.
 *
 * @param weight {@code [out, in]}, in the model's dtype; where there is a transform, what it makes of the model's weight
 * @param rule grid and granularity of the codes
 * @param pairs scales and zero points {@code [out, groups]}
 * @param input how the input is quantized
 * @param outliers the columns with scales of their own, or null
 * @param transform what is done to the input before it is quantized
 */
public record ScaledLayer(
        Tensor weight,
        WeightRule rule,
        AffinePairs pairs,
        InputPlan input,
        @Nullable Outliers outliers,
        InputTransform transform) {
    /**
     * Outlier columns.
     *
     * @param columns int64 {@code [n]}
     * @param pairs their scales and zero points {@code [out, 1]}
     * @param input how their input channels are quantized
     * @param sharesInput true where that is how all the others are quantized, too
     */
    public record Outliers(Tensor columns, AffinePairs pairs, InputPlan input, boolean sharesInput) {}

    /** The layer that {@code work} makes, without what it needed on the way: a model's layers one after the other take the memory of one. */
    public static ScaledLayer alone(Supplier<ScaledLayer> work) {
        try (TensorScope scope = TensorScope.open()) {
            ScaledLayer layer = work.get();
            layer.tensors().forEach(scope::keep);
            return layer;
        }
    }

    /** {@link #nearest} without what it needs on the way. */
    public LayerPlan nearestAlone() {
        try (TensorScope scope = TensorScope.open()) {
            LayerPlan plan = nearest();
            plan.tensors().forEach(scope::keep);
            return plan;
        }
    }

    /** Scales found by {@code fit}; input in full precision. */
    public static ScaledLayer of(Tensor weight, WeightRule rule, WeightFit fit) {
        return of(weight, rule, fit, InputTransform.NONE);
    }

    /** Scales found by {@code fit} for what {@code transform} makes of the model's {@code weight}; input in full precision. */
    public static ScaledLayer of(Tensor weight, WeightRule rule, WeightFit fit, InputTransform transform) {
        Tensor transformed = transform.corrections().isEmpty() ? weight : transform.weight(weight);
        AffinePairs pairs = fit.fit(transformed, rule.grid(), rule.at());
        return new ScaledLayer(transformed, rule, pairs, new InputPlan.Full(), null, transform);
    }

    /**
     * Scales found by {@code fit} for the outlier columns and the others apart; input in full precision.
     *
     * @param outliers int64
     * @param normals all other columns, int64
     * @param sharesInput false to give the outliers' input channels a plan of their own
     */
    public static ScaledLayer split(
            Tensor weight, WeightRule rule, WeightFit fit, Tensor outliers, Tensor normals, boolean sharesInput) {
        if (rule.at() instanceof Granularity.Grouped) {
            throw new IllegalArgumentException("dual scale is defined for weights per-channel, not "
                    + rule.at().text());
        }
        Tensor values = Ops.toF32(weight);
        return new ScaledLayer(
                weight,
                rule,
                fit.fit(values.index_select(1, normals), rule.grid()),
                new InputPlan.Full(),
                new Outliers(
                        outliers,
                        fit.fit(values.index_select(1, outliers), rule.grid()),
                        new InputPlan.Full(),
                        sharesInput),
                InputTransform.NONE);
    }

    /** The same with other input plans; {@code outlierInput} counts only where there are outliers. */
    public ScaledLayer withInputs(InputPlan input, InputPlan outlierInput) {
        return new ScaledLayer(
                weight,
                rule,
                pairs,
                input,
                outliers == null
                        ? null
                        : new Outliers(outliers.columns(), outliers.pairs(), outlierInput, outliers.sharesInput()),
                transform);
    }

    /** Scales of all groups of columns, the outliers' last: {@code [out, groups]} or {@code [out, groups + 1]}. */
    public Tensor scaleTable() {
        return outliers == null
                ? pairs.scales()
                : Ops.cat(1, pairs.scales(), outliers.pairs().scales());
    }

    /** The same with other scales, laid out as {@link #scaleTable}. */
    public ScaledLayer withScaleTable(Tensor table) {
        long groups = pairs.scales().size(1);
        AffinePairs main = new AffinePairs(Ops.copy(Ops.slice(table, 1, 0, groups)), pairs.zeros());
        if (outliers == null) {
            return new ScaledLayer(weight, rule, main, input, null, transform);
        }
        AffinePairs second = new AffinePairs(
                Ops.copy(Ops.slice(table, 1, groups, groups + 1)),
                outliers.pairs().zeros());
        return new ScaledLayer(
                weight,
                rule,
                main,
                input,
                new Outliers(outliers.columns(), second, outliers.input(), outliers.sharesInput()),
                transform);
    }

    /** Column of {@link #scaleTable} that holds for each input channel: int64 {@code [in]}. */
    public Tensor groupOfColumn() {
        int in = (int) weight.size(1);
        long[] groups = new long[in];
        if (rule.at() instanceof Granularity.Grouped(int size)) {
            for (int column = 0; column < in; column++) {
                groups[column] = column / size;
            }
        }
        if (outliers != null) {
            for (long column : Tensors.toLongs(outliers.columns())) {
                groups[(int) column] = pairs.scales().size(1);
            }
        }
        return Tensors.of(groups, in);
    }

    /** Scale of every weight, {@code [out, in]}, or {@code [out, 1]} where a row has one. */
    public Tensor scales() {
        return perWeight(scaleTable());
    }

    /** Zero point of every weight, {@code [out, in]}, or {@code [out, 1]} where a row has one. */
    public Tensor zeros() {
        return perWeight(zeroTable());
    }

    /** Zero points, laid out as {@link #scaleTable}. */
    public Tensor zeroTable() {
        return outliers == null
                ? pairs.zeros()
                : Ops.cat(1, pairs.zeros(), outliers.pairs().zeros());
    }

    private Tensor perWeight(Tensor table) {
        return table.size(1) == 1 ? table : table.index_select(1, groupOfColumn());
    }

    /** The columns that are not outliers, ascending: int64. */
    public Tensor normalColumns() {
        int in = (int) weight.size(1);
        Tensor columns = Tensors.arange(DTypes.I64, in);
        return outliers == null
                ? columns
                : columns.masked_select(isOutlier(outliers.columns(), in).logical_not());
    }

    /** Which input channels are outliers: bool {@code [in]}. */
    public static Tensor isOutlier(Tensor columns, int inFeatures) {
        return Tensors.zeros(DTypes.BOOL, inFeatures).index_fill_(0, columns, Tensors.ones(DTypes.BOOL));
    }

    /** All tensors of this layer. */
    public List<Tensor> tensors() {
        List<Tensor> tensors = new ArrayList<>(List.of(weight, pairs.scales(), pairs.zeros()));
        transform.corrections().forEach(correction -> tensors.addAll(correction.tensors()));
        if (outliers != null) {
            tensors.addAll(List.of(
                    outliers.columns(),
                    outliers.pairs().scales(),
                    outliers.pairs().zeros()));
        }
        return tensors;
    }

    /** The plan with every weight rounded to the nearest code. */
    public LayerPlan nearest() {
        return withCodes(AffineQuantizer.codes(Ops.toF32(weight), rule.grid(), scales(), zeros()));
    }

    /** The plan with {@code codes} {@code [out, in]} of any type. */
    public LayerPlan withCodes(Tensor codes) {
        IntGrid grid = rule.grid();
        List<Correction> corrections = new ArrayList<>(transform.corrections());
        if (outliers != null) {
            corrections.add(new Correction.DualScale(
                    outliers.columns(),
                    outliers.pairs().scales(),
                    outliers.pairs().zeros(),
                    outliers.input()));
        }
        return new LayerPlan(
                grid, rule.at(), Ops.to(codes, grid.codeType()), pairs.scales(), pairs.zeros(), input, corrections);
    }
}
