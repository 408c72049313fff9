package io.arvid.quantize.fake;

import io.arvid.model.RolloutStep;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.RotationMatrix;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** One layer computed as its {@link LayerPlan} says, in floating point. Holds the dequantized weight until it is closed. */
public final class FakeQuantLayer implements AutoCloseable {
    private final LayerPlan plan;
    private final Correction.@Nullable DualScale dual;
    private final Correction.@Nullable LowRank lowRank;
    private final Tensor bias;
    private final Tensor weight;
    private final @Nullable Tensor outliersFirst;
    private final @Nullable Tensor rotation;
    private final List<Tensor> owned = new ArrayList<>();

    /** The layer with {@code bias [out]}, in whose dtype it multiplies. */
    public FakeQuantLayer(LayerPlan plan, Tensor bias) {
        this.plan = plan;
        this.dual = plan.correction(Correction.DualScale.class).orElse(null);
        this.lowRank = plan.correction(Correction.LowRank.class).orElse(null);
        try (TensorScope scope = TensorScope.open()) {
            Tensor values = FakeWeight.of(plan);
            this.outliersFirst = dual == null || takesInputAsItIs(plan, dual)
                    ? null
                    : own(outliersFirst(dual.columns(), plan.inFeatures()));
            Tensor ordered = outliersFirst == null ? values : values.index_select(1, outliersFirst);
            this.weight = own(Ops.toTypeOf(ordered, bias));
            this.rotation = plan.correction(Correction.Rotation.class)
                    .map(r -> own(RotationMatrix.of(r)))
                    .orElse(null);
            this.bias = own(plan.correction(Correction.ChannelShift.class)
                    .map(shift -> Ops.toTypeOf(shift.outputShift().add(bias), bias))
                    .orElse(bias));
        }
    }

    /** True where nothing happens to the input: then it need not be copied to float32, nor put in another order. */
    private static boolean takesInputAsItIs(LayerPlan plan, Correction.@Nullable DualScale dual) {
        return plan.input() instanceof InputPlan.Full
                && (dual == null || dual.input() instanceof InputPlan.Full)
                && plan.corrections().stream().allMatch(correction -> correction instanceof Correction.DualScale);
    }

    private Tensor own(Tensor tensor) {
        owned.add(TensorScope.own(tensor));
        return tensor;
    }

    /** Indices of all input channels: the outliers in their order, then the others. */
    private static Tensor outliersFirst(Tensor columns, int inFeatures) {
        long[] outliers = Tensors.toLongs(columns);
        long[] order = Arrays.copyOf(outliers, inFeatures);
        boolean[] taken = new boolean[inFeatures];
        for (long column : outliers) {
            taken[(int) column] = true;
        }
        int next = outliers.length;
        for (int column = 0; column < inFeatures; column++) {
            if (!taken[column]) {
                order[next++] = column;
            }
        }
        return Tensors.of(order, inFeatures);
    }

    /** Output {@code [..., out]} of {@code input [..., in]}. */
    public Tensor apply(RolloutStep step, Tensor input) {
        if (takesInputAsItIs(plan, dual)) {
            return Ops.linear(Ops.toTypeOf(input, weight), weight, bias);
        }
        Tensor x = Ops.toF32(input);
        for (Correction correction : plan.corrections()) {
            x = transform(correction, x);
        }
        Tensor quantized = quantize(step, x);
        Tensor output = Ops.linear(Ops.toTypeOf(quantized, weight), weight, bias);
        return lowRank == null ? output : output.add(lowRankTerm(lowRank, x, quantized));
    }

    private Tensor transform(Correction correction, Tensor x) {
        return switch (correction) {
            case Correction.ChannelScale(Tensor factors) -> x.div(factors);
            case Correction.ChannelShift shift -> x.sub(shift.shift());
            case Correction.Rotation(Correction.Rotation.Kind kind, int blockSize) -> rotate(x, blockSize);
            case Correction.DualScale beside -> x;
            case Correction.LowRank beside -> x;
        };
    }

    private Tensor rotate(Tensor x, int blockSize) {
        return x.reshape(x.numel() / blockSize, blockSize)
                .matmul(java.util.Objects.requireNonNull(rotation))
                .reshape(Tensors.shape(x));
    }

    /** The quantized input, outlier channels first where there are any. */
    private Tensor quantize(RolloutStep step, Tensor x) {
        if (dual == null || outliersFirst == null) {
            return FakeInput.apply(plan.input(), step, x);
        }
        if (plan.input() instanceof InputPlan.Full && dual.input() instanceof InputPlan.Full) {
            return x.index_select(-1, outliersFirst);
        }
        Tensor ordered = x.index_select(-1, outliersFirst);
        long split = dual.columns().numel();
        return Ops.cat(
                -1,
                FakeInput.apply(dual.input(), step, Ops.slice(ordered, -1, 0, split)),
                FakeInput.apply(plan.input(), step, Ops.slice(ordered, -1, split, ordered.size(-1))));
    }

    private Tensor lowRankTerm(Correction.LowRank term, Tensor x, Tensor quantized) {
        Tensor fed = x;
        if (term.onQuantizedInput()) {
            fed = outliersFirst == null ? quantized : quantized.index_select(-1, outliersFirst.argsort());
        }
        return Ops.toTypeOf(Ops.linear(Ops.linear(fed, term.down(), null), term.up(), null), weight);
    }

    @Override
    public void close() {
        owned.forEach(Tensor::close);
    }
}
