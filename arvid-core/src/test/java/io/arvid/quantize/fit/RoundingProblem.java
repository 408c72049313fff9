package io.arvid.quantize.fit;

import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** A small layer with correlated inputs, some of them much larger than others, and the grid that its weights are to be rounded to. */
record RoundingProblem(Tensor weight, Tensor inputs, Tensor quantizedInputs, IntGrid grid, AffinePairs pairs) {
    static RoundingProblem random(long seed, int out, int in, int tokens) {
        try (Seeds seeds = new Seeds(seed)) {
            Tensor weight = seeds.normal(out, in);
            Tensor mixed = seeds.normal(tokens, in).add(seeds.normal(tokens, 1));
            Tensor inputs = mixed.mul(Ops.add(Ops.mul(Ops.pow(seeds.uniform(in), 8), 6), 0.5));
            Tensor quantized = Ops.mul(Ops.div(inputs, 0.4).round_(), 0.4);
            IntGrid grid = IntGrid.asymmetric(4);
            return new RoundingProblem(weight, inputs, quantized, grid, new MinMaxWeightFit().fit(weight, grid));
        }
    }

    GramLoss loss() {
        Tensor x = Ops.toF64(inputs);
        Tensor q = Ops.toF64(quantizedInputs);
        return GramLoss.of(weight, q.t().matmul(q), x.t().matmul(q), x.t().matmul(x), 1);
    }

    /** The loss that {@link GramLoss} sums up, token by token. */
    double directLoss(Tensor values) {
        Tensor difference = Ops.linear(Ops.toF64(inputs), Ops.toF64(weight), null)
                .sub(Ops.linear(Ops.toF64(quantizedInputs), Ops.toF64(values), null));
        return Tensors.item(Ops.pow(difference, 2).sum()) / weight.size(0);
    }

    Tensor values(Tensor codes) {
        return Ops.toF64(codes).sub(pairs.zeros()).mul_(pairs.scales());
    }

    Tensor nearestCodes() {
        return AffineQuantizer.codes(weight, grid, pairs.scales(), pairs.zeros());
    }
}
