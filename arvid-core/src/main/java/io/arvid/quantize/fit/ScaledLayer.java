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
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A layer whose scales and zero points are chosen and whose rounding is still open.
 *
 * @param weight float32 {@code [out, in]}
 * @param rule grid and granularity of the codes
 * @param pairs scales and zero points {@code [out, groups]}
 * @param input how the input is quantized
 * @param outliers the columns with scales of their own, or null
 */
public record ScaledLayer(
        Tensor weight,
        WeightRule rule,
        AffinePairs pairs,
        InputPlan input,
        @Nullable Outliers outliers) {
    /**
     * Outlier columns.
     *
     * @param columns int64 {@code [n]}
     * @param pairs their scales and zero points {@code [out, 1]}
     * @param input how their input channels are quantized
     */
    public record Outliers(Tensor columns, AffinePairs pairs, InputPlan input) {}

    /** Scales found by {@code fit}; input in full precision. */
    public static ScaledLayer of(Tensor weight, WeightRule rule, WeightFit fit) {
        Tensor values = Ops.toF32(weight);
        return new ScaledLayer(values, rule, fit.fit(values, rule.grid(), rule.at()), new InputPlan.Full(), null);
    }

    /** Scales found by {@code fit} for the outlier columns and the others apart; input in full precision. */
    public static ScaledLayer split(Tensor weight, WeightRule rule, WeightFit fit, Tensor outliers, Tensor normals) {
        if (rule.at() instanceof Granularity.Grouped) {
            throw new IllegalArgumentException("dual scale is defined for weights per-channel, not "
                    + rule.at().text());
        }
        Tensor values = Ops.toF32(weight);
        return new ScaledLayer(
                values,
                rule,
                fit.fit(values.index_select(1, normals), rule.grid()),
                new InputPlan.Full(),
                new Outliers(outliers, fit.fit(values.index_select(1, outliers), rule.grid()), new InputPlan.Full()));
    }

    /** The same with other input plans; {@code outlierInput} counts only where there are outliers. */
    public ScaledLayer withInputs(InputPlan input, InputPlan outlierInput) {
        return new ScaledLayer(
                weight,
                rule,
                pairs,
                input,
                outliers == null ? null : new Outliers(outliers.columns(), outliers.pairs(), outlierInput));
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
            return new ScaledLayer(weight, rule, main, input, null);
        }
        AffinePairs second = new AffinePairs(
                Ops.copy(Ops.slice(table, 1, groups, groups + 1)),
                outliers.pairs().zeros());
        return new ScaledLayer(weight, rule, main, input, new Outliers(outliers.columns(), second, outliers.input()));
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
        return perWeight(
                outliers == null
                        ? pairs.zeros()
                        : Ops.cat(1, pairs.zeros(), outliers.pairs().zeros()));
    }

    private Tensor perWeight(Tensor table) {
        return table.size(1) == 1 ? table : table.index_select(1, groupOfColumn());
    }

    /** Which input channels are outliers: bool {@code [in]}. */
    public static Tensor isOutlier(Tensor columns, int inFeatures) {
        return Tensors.zeros(DTypes.BOOL, inFeatures).index_fill_(0, columns, Tensors.ones(DTypes.BOOL));
    }

    /** The plan with every weight rounded to the nearest code. */
    public LayerPlan nearest() {
        return withCodes(AffineQuantizer.codes(weight, rule.grid(), scales(), zeros()));
    }

    /** The plan with {@code codes} {@code [out, in]} of any type. */
    public LayerPlan withCodes(Tensor codes) {
        IntGrid grid = rule.grid();
        List<Correction> corrections = new ArrayList<>();
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
