package io.arvid.calibrate;

import io.arvid.model.RolloutStep;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Recorded inputs of one layer.
 *
 * @param inputs float32 {@code [N, tokens, in]}, in order of collection
 * @param steps where in the roll-out each sample is from
 * @param tokenShares tokens that each sample stands for, over the tokens that were kept: 1 where all were
 */
public record Samples(Tensor inputs, List<RolloutStep> steps, double[] tokenShares) {
    /** Number of samples. */
    public int count() {
        return steps.size();
    }

    /** Chunk of each sample. */
    public long[] chunks() {
        return steps.stream().mapToLong(RolloutStep::chunk).toArray();
    }

    /** The samples at these positions. */
    public Samples at(int... positions) {
        double[] shares =
                Arrays.stream(positions).mapToDouble(i -> tokenShares[i]).toArray();
        long[] indices = Arrays.stream(positions).asLongStream().toArray();
        return new Samples(
                inputs.index_select(0, Tensors.of(indices, indices.length)),
                Arrays.stream(positions).mapToObj(steps::get).toList(),
                shares);
    }

    /** Frame weight of each sample, float32 {@code [N]}. */
    public Tensor frameWeights(FrameWeights weights) {
        return weights.ofSamples(chunks());
    }

    /** Frame weight times token share of each sample, float32 {@code [N]}: what makes a sum over kept tokens stand for all tokens. */
    public Tensor sumWeights(FrameWeights weights) {
        float[] product = Tensors.toFloats(weights.ofSamples(chunks()));
        for (int i = 0; i < product.length; i++) {
            product[i] *= (float) tokenShares[i];
        }
        return Tensors.of(product, product.length);
    }

    /** Full-precision outputs {@code [N, tokens, out]} of a layer with this weight and bias, computed sample by sample. */
    public Tensor outputs(Tensor weight, Tensor bias) {
        Tensor outputs = Tensors.empty(DTypes.F32, inputs.size(0), inputs.size(1), weight.size(0));
        try (TensorScope scope = TensorScope.open()) {
            Tensor w = Ops.toF32(weight);
            Tensor b = Ops.toF32(bias);
            for (int i = 0; i < count(); i++) {
                try (TensorScope each = TensorScope.open()) {
                    outputs.select(0, i).copy_(Ops.linear(inputs.select(0, i), w, b));
                }
            }
        }
        return outputs;
    }
}
