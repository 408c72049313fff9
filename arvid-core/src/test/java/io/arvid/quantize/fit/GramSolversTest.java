package io.arvid.quantize.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.arvid.quantize.gram.GramSolver;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.LinearAlgebra;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GramSolversTest {
    private static final IntGrid GRID = IntGrid.asymmetric(4);
    private TensorScope scope;

    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static Tensor twoCorrelatedChannels() {
        return Tensors.of(new double[] {1, 0.9, 0.9, 1}, 2, 2);
    }

    private static AffinePairs unitSteps() {
        return new AffinePairs(Tensors.of(new float[] {1}, 1, 1), Tensors.of(new float[] {0}, 1, 1));
    }

    @Test
    void theLossIsTheSumOverTokens() {
        RoundingProblem problem = RoundingProblem.random(1, 6, 20, 90);
        Tensor values = problem.values(problem.nearestCodes());
        double direct = problem.directLoss(values);
        assertThat(problem.loss().of(values)).isCloseTo(direct, within(1e-9 * direct));
    }

    @Test
    void gptqFeedsTheErrorOfTheFirstChannelIntoTheSecond() {
        Tensor weight = Tensors.of(new float[] {0.5f, 0.5f}, 1, 2);
        AffinePairs pairs = unitSteps();
        Gptq.Rounded rounded = new Gptq(0, false, 128)
                .round(weight, twoCorrelatedChannels(), ColumnScales.fixed(pairs.scales(), pairs.zeros()), GRID);
        // 0.5 → 0; the second becomes 0.5 + 0.9 · 0.5 = 0.95 → 1
        assertThat(Tensors.toDoubles(rounded.codes())).containsExactly(0, 1);
    }

    @Test
    void blocksChangeTheSpeedOnly() {
        RoundingProblem problem = RoundingProblem.random(2, 6, 40, 90);
        GramLoss loss = problem.loss();
        ColumnScales scales =
                ColumnScales.fixed(problem.pairs().scales(), problem.pairs().zeros());
        Tensor whole = new Gptq(0.01, true, 64)
                .round(problem.weight(), loss.hessian(), scales, GRID)
                .codes();
        Tensor blocks = new Gptq(0.01, true, 7)
                .round(problem.weight(), loss.hessian(), scales, GRID)
                .codes();
        assertThat(Tensors.toDoubles(blocks)).containsExactly(Tensors.toDoubles(whole));
        Tensor descended = new CoordinateDescent(3, 64).improve(whole, problem.pairs(), GRID, loss);
        Tensor inBlocks = new CoordinateDescent(3, 7).improve(whole, problem.pairs(), GRID, loss);
        assertThat(Tensors.toDoubles(inBlocks)).containsExactly(Tensors.toDoubles(descended));
    }

    @Test
    void weightsResolvedForQuantizedInputsAreTheLeastSquaresSolution() {
        RoundingProblem problem = RoundingProblem.random(3, 6, 20, 90);
        GramLoss loss = problem.loss();
        Gptq.Prepared prepared = new Gptq(0, true, 128).prepare(loss.hessian(), 0);
        Tensor target = GramSolver.target(loss, prepared);
        assertThat(Tensors.item(loss.residual(target).abs().max())).isLessThan(1e-8);
        assertThat(loss.of(target)).isLessThan(loss.of(problem.weight()));
    }

    @Test
    void coordinateDescentLeavesNearestRoundingWhereChannelsAreCorrelated() {
        Tensor weight = Tensors.of(new float[] {0.5f, 0.5f}, 1, 2);
        Tensor h = twoCorrelatedChannels();
        GramLoss loss = GramLoss.of(weight, h, h, h, 1);
        Tensor nearest = Tensors.of(new double[] {0, 0}, 1, 2);
        Tensor improved = new CoordinateDescent().improve(nearest, unitSteps(), GRID, loss);
        // R = −0.95 for both; the first moves to 1, which leaves R = −0.05 for the second
        assertThat(Tensors.toDoubles(improved)).containsExactly(1, 0);
        assertThat(loss.of(nearest)).isCloseTo(0.95, within(1e-12));
        assertThat(loss.of(improved)).isCloseTo(0.05, within(1e-12));
    }

    @Test
    void eachSolverIsBetterThanTheOneBefore() {
        RoundingProblem problem = RoundingProblem.random(4, 24, 60, 400);
        GramLoss loss = problem.loss();
        GramLoss damped = loss.pulledTowards(problem.weight(), 0.01 * Gptq.meanDiagonal(loss.hessian()));
        Gptq gptq = new Gptq(0, true, 128);
        Gptq.Prepared prepared = gptq.prepare(damped.hessian(), 0);
        ColumnScales scales =
                ColumnScales.fixed(problem.pairs().scales(), problem.pairs().zeros());
        Tensor codes = gptq.roundTowards(GramSolver.target(damped, prepared), prepared, scales, GRID)
                .codes();
        Tensor descended = new CoordinateDescent().improve(codes, problem.pairs(), GRID, loss);
        double nearest = loss.of(problem.values(problem.nearestCodes()));
        double fedBack = loss.of(problem.values(codes));
        double descent = loss.of(problem.values(descended));
        assertThat(fedBack).isLessThan(0.8 * nearest);
        assertThat(descent).isLessThan(fedBack);
        assertThat(Tensors.item(descended.min())).isGreaterThanOrEqualTo(GRID.lowest());
        assertThat(Tensors.item(descended.max())).isLessThanOrEqualTo(GRID.highest());
    }

    @Test
    void theUpperFactorSquaresToTheInverse() {
        Tensor matrix = RoundingProblem.random(5, 2, 12, 40).loss().hessian();
        Tensor factor = LinearAlgebra.upperFactorOfInverse(matrix).orElseThrow();
        Tensor identity = factor.t().matmul(factor).matmul(matrix);
        assertThat(Tensors.toDoubles(identity))
                .containsExactly(Tensors.toDoubles(Tensors.identity(DTypes.F64, 12)), within(1e-9));
        assertThat(Tensors.item(factor.tril(-1).abs().max())).isZero();
        assertThat(LinearAlgebra.upperFactorOfInverse(matrix.neg())).isEmpty();
    }

    @Test
    void aMatrixThatIsNotPositiveDefiniteIsDampedUntilItIs() {
        Tensor weight = Tensors.of(new float[] {0.5f, 0.5f}, 1, 2);
        Tensor singular = Tensors.of(new double[] {1, 1, 1, 1}, 2, 2);
        AffinePairs pairs = unitSteps();
        Gptq.Rounded rounded = new Gptq(0, false, 128)
                .round(weight, singular, ColumnScales.fixed(pairs.scales(), pairs.zeros()), GRID);
        assertThat(Tensors.toDoubles(rounded.codes())).containsExactly(0, 1);
    }
}
