package io.arvid.kernel;

import io.arvid.pack.PackedLayer;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.RotationMatrix;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * How a layer's input becomes bytes: corrections of the input, then its columns in one or two segments, each rounded by its own plan. Two layers whose
 * roundings are equal share their rounded input. Holds tensors until it is closed.
 */
final class InputRounding implements AutoCloseable {
    /** Columns in the order in which a layer keeps them. */
    private final int @Nullable [] order;

    private final int inFeatures;
    private final int outliers;
    private final InputPlan plan;
    private final InputPlan outlierPlan;
    private final List<Correction> corrections = new ArrayList<>();
    private final List<Object> identity = new ArrayList<>();
    private @Nullable Tensor shift;
    private @Nullable Tensor factors;
    private @Nullable Tensor rotation;

    /** The rounding of {@code layer}'s inputs. */
    InputRounding(PackedLayer layer) {
        this.inFeatures = layer.inFeatures();
        this.outliers = layer.outlierCount();
        this.plan = layer.input();
        this.outlierPlan = layer.correction(Correction.DualScale.class)
                .map(Correction.DualScale::input)
                .orElse(layer.input());
        this.order = layer.columnOrder() == null ? null : ints(Tensors.toLongs(layer.columnOrder()));
        layer.corrections().forEach(this::add);
        identity.add(plan);
        identity.add(outlierPlan);
        identity.add(inFeatures);
        identity.add(outliers);
        identity.add(
                order == null
                        ? List.of()
                        : java.util.Arrays.stream(order).boxed().toList());
    }

    private static int[] ints(long[] values) {
        return java.util.Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
    }

    private void add(Correction correction) {
        switch (correction) {
            case Correction.ChannelShift(Tensor values, Tensor outputShift) -> {
                shift = own(values);
                note(correction, values);
            }
            case Correction.ChannelScale(Tensor values) -> {
                factors = own(values);
                note(correction, values);
            }
            case Correction.Rotation r -> {
                rotation = TensorScope.run(() -> own(RotationMatrix.of(r)));
                corrections.add(r);
                identity.add(r);
            }
            case Correction.DualScale inSegments -> {}
            case Correction.LowRank beside -> {}
        }
    }

    private void note(Correction correction, Tensor values) {
        corrections.add(correction);
        identity.add(correction.getClass());
        identity.add(ByteBuffer.wrap(Tensors.toBytes(values)));
    }

    private static Tensor own(Tensor values) {
        return TensorScope.own(Ops.copy(values));
    }

    /** Input channels. */
    int inFeatures() {
        return inFeatures;
    }

    /** Kept columns {@code [from, to)} of segment {@code segment}: the outliers first, where there are any. */
    int[] columns(int segment) {
        return outliers == 0 || segment == 1 ? new int[] {outliers, inFeatures} : new int[] {0, outliers};
    }

    /** One segment, or two where the layer has outlier columns. */
    int segments() {
        return outliers == 0 ? 1 : 2;
    }

    /** The plan of a segment. */
    InputPlan plan(int segment) {
        return outliers > 0 && segment == 0 ? outlierPlan : plan;
    }

    /** Original column of each kept one; null where columns stay in place. */
    int @Nullable [] order() {
        return order;
    }

    /** True where the corrections are a shift and then factors, or less: they are applied in the rounding's own pass. */
    boolean isFused() {
        return rotation == null
                && (corrections.size() < 2 || corrections.getFirst() instanceof Correction.ChannelShift)
                && !isPerTensor(plan);
    }

    /** True where a scale, in some bucket, is found from the whole corrected input. */
    private static boolean isPerTensor(InputPlan plan) {
        return plan instanceof InputPlan.Stepwise stepwise
                ? stepwise.plans().stream().anyMatch(InputRounding::isPerTensor)
                : plan instanceof InputPlan.Dynamic dynamic && dynamic.at() instanceof Granularity.PerTensor;
    }

    /** Address of the shift, 0 where there is none. */
    long shiftAddress() {
        return shift == null ? 0 : Tensors.memory(shift).address();
    }

    /** Address of the factors, 0 where there are none. */
    long factorsAddress() {
        return factors == null ? 0 : Tensors.memory(factors).address();
    }

    /** The input {@code [rows, in]} after all corrections, float32, of the open scope. */
    Tensor corrected(Tensor input) {
        Tensor x = Ops.toF32(input);
        for (Correction correction : corrections) {
            x = switch (correction) {
                case Correction.ChannelShift c -> x.sub(java.util.Objects.requireNonNull(shift));
                case Correction.ChannelScale c -> x.div(java.util.Objects.requireNonNull(factors));
                case Correction.Rotation(Correction.Rotation.Kind kind, int size) ->
                    x.reshape(x.numel() / size, size)
                            .matmul(java.util.Objects.requireNonNull(rotation))
                            .reshape(Tensors.shape(x));
                case Correction.DualScale c -> x;
                case Correction.LowRank c -> x;
            };
        }
        return x.contiguous();
    }

    /** True where inputs of {@code type} can be read as they are. */
    static boolean reads(DTypes type) {
        return type == DTypes.F32 || type == DTypes.BF16;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof InputRounding rounding && identity.equals(rounding.identity);
    }

    @Override
    public int hashCode() {
        return plan.hashCode();
    }

    @Override
    public void close() {
        for (Tensor tensor : new Tensor[] {shift, factors, rotation}) {
            if (tensor != null) {
                tensor.close();
            }
        }
    }
}
