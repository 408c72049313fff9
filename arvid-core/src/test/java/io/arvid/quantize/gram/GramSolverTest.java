package io.arvid.quantize.gram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.arvid.quantize.adaround.GramReconstruction;
import io.arvid.quantize.fake.FakeWeight;
import io.arvid.quantize.fit.GramLoss;
import io.arvid.quantize.fit.PercentileWeightFit;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GramSolverTest {
    private TensorScope scope;
    private ScaledLayer layer;
    private GramLoss train;
    private GramLoss heldOut;
    private Tensor mixing;

    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    @BeforeEach
    void layerWithCorrelatedInputs() {
        scope = TensorScope.open();
        try (Seeds seeds = new Seeds(8)) {
            Tensor weight = seeds.normal(24, 48);
            mixing = seeds.normal(48, 48);
            WeightRule rule = new WeightRule(IntGrid.asymmetric(4), new Granularity.PerChannel());
            layer = ScaledLayer.of(weight, rule, new PercentileWeightFit());
            train = loss(weight, seeds.normal(600, 48).matmul(mixing));
            heldOut = loss(weight, seeds.normal(600, 48).matmul(mixing));
        }
    }

    private static GramLoss loss(Tensor weight, Tensor inputs) {
        Tensor x = Ops.toF64(inputs);
        Tensor quantized = Ops.mul(Ops.div(x, 0.5).round_(), 0.5);
        return GramLoss.of(weight, quantized.t().mm(quantized), x.t().mm(quantized), x.t().mm(x), 10);
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private double solve(GramSolver solver) {
        return solver.solve(layer, train, heldOut).heldOut();
    }

    @Test
    void everyPartLowersTheHeldOutLoss() {
        List<Double> dampings = List.of(0.01, 0.1);
        double nearest = heldOut.of(FakeWeight.of(layer.nearest()));
        double gptq = solve(new GramSolver(dampings, List.of(1.0), List.of(1.0), 0, 0, false, true, null));
        double descent = solve(new GramSolver(dampings, List.of(1.0), List.of(1.0), 1, 3, false, true, null));
        double refitted = solve(new GramSolver(dampings, List.of(1.0), List.of(1.0), 3, 2, true, true, null));
        double widths = solve(new GramSolver(dampings, List.of(1.0), List.of(1.0, 0.85, 0.7), 3, 2, true, true, null));
        assertThat(gptq).isLessThan(0.8 * nearest);
        assertThat(descent).isLessThan(gptq);
        assertThat(refitted).isLessThan(descent);
        assertThat(widths).isLessThan(refitted);
    }

    @Test
    void isBetterThanAdaptiveRounding() {
        Tensor codes = new GramReconstruction(GramReconstruction.quick()).codes(layer, train);
        double adaptive = heldOut.of(FakeWeight.of(layer.withCodes(codes)));
        double nearest = heldOut.of(FakeWeight.of(layer.nearest()));
        assertThat(adaptive).isLessThan(nearest);
        assertThat(solve(GramSolver.standard())).isLessThan(adaptive);
    }

    /** Inputs that went their own way on few training tokens: what weights could make up for there is worth nothing on others. */
    @Test
    void heldOutPromptsDecideHowMuchIsMadeUpFor() {
        try (Seeds seeds = new Seeds(9)) {
            GramLoss drifted = drifted(seeds, 60);
            GramLoss others = drifted(seeds, 600);
            GramSolver.Solved all = solver(List.of(1.0)).solve(layer, drifted, others);
            GramSolver.Solved chosen = solver(List.of(1.0, 0.5, 0.0)).solve(layer, drifted, others);
            assertThat(chosen.compensation()).isLessThan(1);
            assertThat(chosen.heldOut()).isLessThan(all.heldOut());
        }
    }

    @Test
    void inputsThatAreAllZeroLeaveTheNearestCodes() {
        GramLoss nothing = loss(layer.weight(), Tensors.zeros(DTypes.F32, 10, 48));
        GramSolver.Solved solved = solver(List.of(1.0, 0.0)).solve(layer, nothing, nothing);
        assertThat(solved.origin()).isEqualTo(GramSolver.Origin.NEAREST);
        assertThat(Tensors.toBytes(layer.withCodes(solved.codes()).codes()))
                .isEqualTo(Tensors.toBytes(layer.nearest().codes()));
    }

    @Test
    void inputsThatAreNoNumbersAreRefused() {
        GramLoss undefined = loss(layer.weight(), Tensors.full(DTypes.F32, Double.NaN, 10, 48));
        assertThatThrownBy(() -> solver(List.of(1.0)).solve(layer, undefined, heldOut))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not finite");
    }

    private static GramSolver solver(List<Double> compensation) {
        return new GramSolver(List.of(0.01), compensation, List.of(1.0), 2, 2, true, true, null);
    }

    private GramLoss drifted(Seeds seeds, int tokens) {
        Tensor x = Ops.toF64(seeds.normal(tokens, 48).matmul(mixing));
        Tensor seen = x.add(Ops.mul(Ops.toF64(seeds.normal(tokens, 48)), 0.5));
        return GramLoss.of(layer.weight(), seen.t().mm(seen), x.t().mm(seen), x.t().mm(x), 10);
    }
}
