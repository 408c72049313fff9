package io.arvid.pack;

import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.WeightMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A {@link PackedLayer} from its entry of {@code config.json} and named tensors, as {@link LayerWriter} wrote it, bit for bit.
 *
 * @param layer name of the layer
 * @param file where its tensors are
 */
record LayerReader(String layer, WeightMap file) {
    /**
     * The layer of {@code entry} with its tensors. New tensors belong to the open scope.
     *
     * @throws CheckpointException naming the first tensor that is missing, misshapen or cannot be used
     */
    PackedLayer read(LayerEntry entry) {
        IntGrid grid = entry.weights().grid();
        Granularity at = entry.weights().at();
        long[] shape = Tensors.toLongs(required(PackedNames.SHAPE, DTypes.I64, 2));
        long out = shape[0];
        long in = shape[1];
        Tensor packed =
                required(PackedNames.PACKED, CodePacking.packedType(grid), out, CodePacking.packedWidth(grid, in));
        long groups = at.groups(Math.toIntExact(in));
        List<Correction> corrections = new ArrayList<>();
        Tensor order = null;
        for (CorrectionEntry correction : entry.corrections()) {
            if (correction instanceof CorrectionEntry.DualScale) {
                order = columnOrder(in);
            }
            corrections.add(read(correction, grid, out, in, order));
        }
        return new PackedLayer(
                grid,
                at,
                Math.toIntExact(out),
                Math.toIntExact(in),
                packed,
                scales(PackedNames.SCALE, out, groups),
                zeros(grid, PackedNames.ZERO_POINT, out, groups),
                input(entry.input(), PackedNames.INPUT),
                List.copyOf(corrections),
                order);
    }

    private Correction read(CorrectionEntry entry, IntGrid grid, long out, long in, @Nullable Tensor order) {
        return switch (entry) {
            case CorrectionEntry.ChannelScale() ->
                new Correction.ChannelScale(required(PackedNames.CHANNEL_SCALE, DTypes.F32, in));
            case CorrectionEntry.ChannelShift() ->
                new Correction.ChannelShift(
                        required(PackedNames.CHANNEL_SHIFT, DTypes.F32, in),
                        required(PackedNames.OUTPUT_SHIFT, DTypes.F32, out));
            case CorrectionEntry.Rotation(Correction.Rotation.Kind family, int blockSize) -> {
                if (blockSize < 1 || in % blockSize != 0) {
                    throw new CheckpointException(
                            layer + " has " + in + " columns, which blocks of " + blockSize + " do not divide");
                }
                yield new Correction.Rotation(family, blockSize);
            }
            case CorrectionEntry.DualScale(int columns, InputEntry input) -> {
                if (order == null || columns < 1 || columns > in) {
                    throw defect(PackedNames.COLUMN_ORDER, "cannot have " + columns + " outliers");
                }
                yield new Correction.DualScale(
                        ColumnOrder.outliers(order, columns),
                        scales(PackedNames.OUTLIER_SCALE, out, 1),
                        zeros(grid, PackedNames.OUTLIER_ZERO_POINT, out, 1),
                        input(input, PackedNames.OUTLIER_INPUT));
            }
            case CorrectionEntry.LowRank(int rank, boolean onQuantizedInput) ->
                new Correction.LowRank(
                        factor(PackedNames.LOW_RANK_DOWN, rank, in),
                        factor(PackedNames.LOW_RANK_UP, out, rank),
                        onQuantizedInput);
        };
    }

    private Tensor columnOrder(long in) {
        Tensor order = Ops.to(required(PackedNames.COLUMN_ORDER, DTypes.I32, in), DTypes.I64);
        if (!ColumnOrder.isPermutation(order)) {
            throw defect(PackedNames.COLUMN_ORDER, "does not name every column once");
        }
        return order;
    }

    private Tensor scales(String what, long... shape) {
        Tensor scales = required(what, DTypes.F32, shape);
        if (!(Tensors.item(Ops.amin(scales, false, 0, 1)) > 0)
                || Double.isInfinite(Tensors.item(Ops.amax(scales, false, 0, 1)))) {
            throw defect(what, "holds a scale that is not positive and finite");
        }
        return scales;
    }

    private Tensor zeros(IntGrid grid, String what, long... shape) {
        if (grid.symmetric()) {
            return Tensors.zeros(DTypes.F32, shape);
        }
        Tensor zeros = get(what);
        if (DTypes.of(zeros) != DTypes.I16 && DTypes.of(zeros) != DTypes.F32) {
            throw defect(what, "is " + DTypes.of(zeros) + ", not I16 or F32");
        }
        return Ops.toF32(shaped(zeros, what, shape));
    }

    private Tensor factor(String what, long... shape) {
        Tensor factor = get(what);
        if (DTypes.of(factor) != DTypes.BF16 && DTypes.of(factor) != DTypes.F32) {
            throw defect(what, "is " + DTypes.of(factor) + ", not BF16 or F32");
        }
        return Ops.toF32(shaped(factor, what, shape));
    }

    private InputPlan input(InputEntry entry, PackedNames.Inputs names) {
        Tensor scales = null;
        Tensor zeros = null;
        if (file.has(name(names.scale()))) {
            long count = get(names.scale()).numel();
            scales = required(names.scale(), DTypes.F32, count);
            zeros = required(names.zero(), DTypes.I32, count);
        }
        Tensor clips = null;
        if (file.has(name(names.clip()))) {
            clips = required(names.clip(), DTypes.F32, get(names.clip()).numel() / 2, 2);
        }
        try {
            InputNumbers numbers = new InputNumbers(scales, zeros, clips);
            InputPlan plan = entry.read(numbers);
            if (!numbers.isUsedUp()) {
                throw defect(names.scale(), "has more numbers than the plan of the input");
            }
            return plan;
        } catch (IllegalArgumentException e) {
            throw defect(names.scale(), e.getMessage());
        }
    }

    private Tensor required(String what, DTypes type, long... shape) {
        Tensor tensor = shaped(get(what), what, shape);
        if (DTypes.of(tensor) != type) {
            throw defect(what, "is " + DTypes.of(tensor) + ", not " + type);
        }
        return tensor;
    }

    private Tensor shaped(Tensor tensor, String what, long... shape) {
        if (!Arrays.equals(Tensors.shape(tensor), shape)) {
            throw defect(what, "is " + Arrays.toString(Tensors.shape(tensor)) + ", not " + Arrays.toString(shape));
        }
        return tensor;
    }

    private Tensor get(String what) {
        if (!file.has(name(what))) {
            throw defect(what, "is missing");
        }
        return file.get(name(what));
    }

    private CheckpointException defect(String what, @Nullable String defect) {
        return new CheckpointException(name(what) + " " + defect);
    }

    private String name(String what) {
        return layer + "." + what;
    }
}
