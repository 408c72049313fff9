package io.arvid.quantize.gram;

import io.arvid.quantize.adaround.GramReconstruction;
import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.fit.ColumnScales;
import io.arvid.quantize.fit.CoordinateDescent;
import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.GramLoss;
import io.arvid.quantize.fit.ScaleRefit;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Rounds one layer so that its output on held-out prompts suffers least.
 *
 * <ol>
 *   <li>For each damping λ: the best real weights for the quantized inputs, {@code W* = (B + λW)(H + λI)⁻¹}, rounded by GPTQ, then in turn
 *       {@link CoordinateDescent} and {@link ScaleRefit} on the damped loss. The λ with the least loss on held-out prompts is kept.
 *   <li>With this λ, the same for smaller shares of the compensation: a target between the full-precision output and what W gives on the inputs seen.
 *       What W* makes up for is learned from few prompts and is the larger the worse the inputs are, so held-out prompts say how much of it to take.
 *   <li>With both, the same for each width of the range. Rows do not meet, so each row keeps the width that served it best.
 *   <li>The result must beat nearest rounding and, where asked for, adaptive rounding on the held-out prompts.
 * </ol>
 *
 * @param dampings candidates for λ, as shares of the mean diagonal of H
 * @param compensation candidates for the share of the inputs' error that the weights make up for, 0 … 1, the first with every damping
 * @param widths candidates for the range, as shares of the range that the layer has
 * @param alternations how often coordinate descent and refitting take turns; 0 for GPTQ alone
 * @param sweeps of coordinate descent each time
 * @param refit false to leave the scales as they are
 * @param feedback false to start coordinate descent from the nearest codes instead of GPTQ's
 * @param adaround adaptive rounding as a further candidate, or null
 */
public record GramSolver(
        List<Double> dampings,
        List<Double> compensation,
        List<Double> widths,
        int alternations,
        int sweeps,
        boolean refit,
        boolean feedback,
        @Nullable ReconstructionSettings adaround) {
    private static final int BLOCK = 128;
    private static final int DESCENT_BLOCK = 64;

    /** Checks that there is something to choose from. */
    public GramSolver {
        dampings = List.copyOf(dampings);
        compensation = List.copyOf(compensation);
        widths = List.copyOf(widths);
        if (dampings.isEmpty() || compensation.isEmpty() || widths.isEmpty() || alternations < 0) {
            throw new IllegalArgumentException(
                    "a solver needs dampings, shares of compensation and widths to choose from");
        }
        if (!dampings.stream().allMatch(damping -> damping >= 0)
                || !compensation.stream().allMatch(share -> share >= 0 && share <= 1)
                || !widths.stream().allMatch(width -> width > 0)) {
            throw new IllegalArgumentException("dampings " + dampings + ", compensation " + compensation + ", widths "
                    + widths + "; wanted 0 or more, 0 … 1, more than 0");
        }
    }

    /** Five dampings, five widths. */
    public static GramSolver standard() {
        return new GramSolver(
                List.of(0.003, 0.01, 0.03, 0.1, 0.3),
                List.of(1.0, 0.5, 0.0),
                List.of(1.0, 0.9, 0.8, 0.7, 0.6),
                3,
                2,
                true,
                true,
                null);
    }

    /** GPTQ and coordinate descent at one damping: a small part of the time, a little of the gain given away. */
    public static GramSolver quick() {
        return new GramSolver(List.of(0.01), List.of(1.0), List.of(0.9), 1, 2, true, true, null);
    }

    /** Which candidate won. */
    public enum Origin {
        NEAREST,
        ADAROUND,
        GRAM
    }

    /**
     * A rounded layer.
     *
     * @param layer with the scales that were found
     * @param codes float64 {@code [out, in]}
     * @param heldOut loss on held-out prompts
     * @param origin how the codes were found
     * @param damping λ as a share of the mean diagonal; 0 where it has no part
     * @param compensation share of the inputs' error that is made up for; 0 where it has no part
     */
    public record Solved(
            ScaledLayer layer, Tensor codes, double heldOut, Origin origin, double damping, double compensation) {
        private double lossOn(GramLoss train, GramLoss judged) {
            return train == judged ? heldOut : train.of(values(codes, layer));
        }

        private List<Tensor> tensors() {
            List<Tensor> tensors = new ArrayList<>(layer.tensors());
            tensors.add(codes);
            return tensors;
        }
    }

    /** The best of all candidates for {@code layer}. */
    public Solved solve(ScaledLayer layer, GramLoss train, GramLoss heldOut) {
        try (TensorScope scope = TensorScope.open()) {
            Solved best = nearest(layer, heldOut);
            double most = best.lossOn(train, heldOut);
            if (adaround != null) {
                Tensor codes = new GramReconstruction(adaround).codes(layer, train);
                best = better(best, solved(layer, codes, heldOut, Origin.ADAROUND), train, heldOut, most);
            }
            List<Double> width = widths.subList(0, 1);
            double full = compensation.getFirst();
            Solved first = least(dampings.stream().map(damping -> solve(layer, damping, full, width, train, heldOut)));
            for (double share : compensation.subList(1, compensation.size())) {
                first = least(Stream.of(first, solve(layer, first.damping(), share, width, train, heldOut)));
            }
            best = better(best, first, train, heldOut, most);
            if (widths.size() > 1) {
                Solved wide = solve(layer, first.damping(), first.compensation(), widths, train, heldOut);
                best = better(best, wide, train, heldOut, most);
            }
            best.tensors().forEach(scope::keep);
            return best;
        }
    }

    private static Solved least(Stream<Solved> candidates) {
        return candidates.min(Comparator.comparingDouble(Solved::heldOut)).orElseThrow();
    }

    /** Fewer held-out prompts than it takes to judge may favor what nearest rounding beats on all others: that is refused, too. */
    private static Solved better(Solved best, Solved candidate, GramLoss train, GramLoss heldOut, double most) {
        return candidate.heldOut() < best.heldOut() && candidate.lossOn(train, heldOut) <= most ? candidate : best;
    }

    private static Solved nearest(ScaledLayer layer, GramLoss heldOut) {
        return solved(layer, Ops.toF64(layer.nearest().codes()), heldOut, Origin.NEAREST);
    }

    private static Solved solved(ScaledLayer layer, Tensor codes, GramLoss heldOut, Origin origin) {
        return new Solved(layer, codes, heldOut.of(values(codes, layer)), origin, 0, 0);
    }

    private static Tensor values(Tensor codes, ScaledLayer layer) {
        return Ops.toF64(codes).sub(Ops.toF64(layer.zeros())).mul_(Ops.toF64(layer.scales()));
    }

    private Solved solve(
            ScaledLayer layer,
            double damping,
            double share,
            List<Double> candidates,
            GramLoss train,
            GramLoss heldOut) {
        try (TensorScope scope = TensorScope.open()) {
            double lambda = damping * Gptq.meanDiagonal(train.hessian());
            GramLoss damped = train.compensating(layer.weight(), share).pulledTowards(layer.weight(), lambda);
            Gptq gptq = new Gptq(0, true, BLOCK);
            Gptq.Prepared prepared = gptq.prepare(damped.hessian(), 0);
            Tensor target = target(damped, prepared);
            Rounded best = round(narrowed(layer, candidates.getFirst()), target, gptq, prepared, damped);
            if (candidates.size() > 1) {
                Tensor losses = damped.ofRows(best.values());
                for (double width : candidates.subList(1, candidates.size())) {
                    Rounded next = round(narrowed(layer, width), target, gptq, prepared, damped);
                    Tensor rows = damped.ofRows(next.values());
                    best = best.where(rows.lt(losses).unsqueeze(1), next);
                    losses = rows.minimum(losses);
                }
            }
            ScaledLayer found = layer.withScaleTable(Ops.toF32(best.table()));
            Tensor chosen = best.codes();
            double loss = heldOut.of(values(chosen, found));
            Solved solved = new Solved(found, chosen, loss, Origin.GRAM, damping, share);
            solved.tensors().forEach(scope::keep);
            return solved;
        }
    }

    /** {@code W* = B (H + λI)⁻¹}, by the factor that GPTQ uses. */
    public static Tensor target(GramLoss damped, Gptq.Prepared prepared) {
        Tensor order = prepared.order();
        Tensor visited = damped.linear().index_select(1, order);
        Tensor factor = prepared.factor();
        return visited.matmul(factor.t()).matmul(factor).index_select(1, order.argsort());
    }

    /** The layer with scales that are {@code width} times as large; zero points stay, so the range shrinks towards zero. */
    private static ScaledLayer narrowed(ScaledLayer layer, double width) {
        return width == 1 ? layer : layer.withScaleTable(Ops.mul(layer.scaleTable(), width));
    }

    private record Rounded(Tensor codes, Tensor table, Tensor values) {
        /** Rows of {@code other} where {@code better} {@code [out, 1]} says so, of this elsewhere. */
        Rounded where(Tensor better, Rounded other) {
            return new Rounded(
                    Ops.where(better, other.codes, codes),
                    Ops.where(better, other.table, table),
                    Ops.where(better, other.values, values));
        }
    }

    private Rounded round(ScaledLayer layer, Tensor target, Gptq gptq, Gptq.Prepared prepared, GramLoss damped) {
        IntGrid grid = layer.rule().grid();
        Tensor zeros = Ops.toF64(layer.zeros());
        Tensor group = layer.groupOfColumn();
        Tensor table = Ops.toF64(layer.scaleTable());
        Tensor codes = start(layer, target, gptq, prepared);
        CoordinateDescent descent = new CoordinateDescent(sweeps, DESCENT_BLOCK);
        for (int turn = 0; turn < alternations; turn++) {
            Tensor perWeight = table.index_select(1, group);
            codes = descent.improve(codes, new AffinePairs(perWeight, zeros), grid, damped);
            if (refit) {
                table = Ops.toF64(Ops.toF32(ScaleRefit.refit(codes, zeros, table, group, damped)));
            }
        }
        Tensor values = codes.sub(zeros).mul_(table.index_select(1, group));
        return new Rounded(codes, table, values);
    }

    private Tensor start(ScaledLayer layer, Tensor target, Gptq gptq, Gptq.Prepared prepared) {
        if (!feedback) {
            return Ops.toF64(layer.nearest().codes());
        }
        ColumnScales scales = ColumnScales.fixed(layer.scales(), layer.zeros());
        return gptq.roundTowards(target, prepared, scales, layer.rule().grid()).codes();
    }
}
