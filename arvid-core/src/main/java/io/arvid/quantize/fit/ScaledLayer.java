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

    /** Scale of every weight, {@code [out, in]} or {@code [out, 1]}. */
    public Tensor scales() {
        return perWeight(
                pairs.scales(), outliers == null ? null : outliers.pairs().scales());
    }

    /** Zero point of every weight, {@code [out, in]} or {@code [out, 1]}. */
    public Tensor zeros() {
        return perWeight(
                pairs.zeros(), outliers == null ? null : outliers.pairs().zeros());
    }

    private Tensor perWeight(Tensor main, @Nullable Tensor second) {
        int in = (int) weight.size(1);
        Tensor columns = AffineQuantizer.perColumn(main, rule.at(), in);
        if (outliers == null || second == null) {
            return columns;
        }
        return Ops.where(isOutlier(outliers.columns(), in), second, columns);
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
