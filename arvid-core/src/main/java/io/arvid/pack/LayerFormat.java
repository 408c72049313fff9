package io.arvid.pack;

import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import io.arvid.weights.CheckpointException;
import io.arvid.weights.WeightMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** A {@link PackedLayer} as an entry of {@code config.json} and named tensors. Everything comes back as it went, bit for bit. */
final class LayerFormat {
    private final String layer;

    /** The format of the layer called {@code layer}. */
    LayerFormat(String layer) {
        this.layer = layer;
    }

    private String name(String what) {
        return layer + "." + what;
    }

    // ---- writing

    /** The entry of {@code packed}; its tensors are put into {@code file}. New tensors belong to the open scope. */
    LayerEntry write(PackedLayer packed, Map<String, Tensor> file) {
        file.put(name(PackedNames.PACKED), packed.packed());
        file.put(name(PackedNames.SHAPE), Tensors.of(new long[] {packed.outFeatures(), packed.inFeatures()}, 2));
        file.put(name(PackedNames.SCALE), packed.scales());
        if (!packed.grid().symmetric()) {
            file.put(name(PackedNames.ZERO_POINT), narrowZeros(packed.zeros()));
        }
        if (packed.columnOrder() != null) {
            file.put(name(PackedNames.COLUMN_ORDER), Ops.to(packed.columnOrder(), DTypes.I32));
        }
        InputEntry input = write(packed.input(), PackedNames.INPUT, file);
        List<CorrectionEntry> corrections = new ArrayList<>();
        for (Correction correction : packed.corrections()) {
            corrections.add(write(correction, packed.grid(), file));
        }
        return new LayerEntry(new WeightRule(packed.grid(), packed.at()), input, corrections);
    }

    private InputEntry write(InputPlan plan, PackedNames.Inputs names, Map<String, Tensor> file) {
        InputNumbers numbers = new InputNumbers();
        InputEntry entry = InputEntry.write(plan, numbers);
        if (numbers.hasScales()) {
            file.put(name(names.scale()), numbers.scales());
            file.put(name(names.zero()), numbers.zeros());
        }
        if (numbers.hasClips()) {
            file.put(name(names.clip()), numbers.clips());
        }
        return entry;
    }

    private CorrectionEntry write(Correction correction, IntGrid grid, Map<String, Tensor> file) {
        return switch (correction) {
            case Correction.ChannelScale(Tensor factors) -> {
                file.put(name(PackedNames.CHANNEL_SCALE), factors);
                yield new CorrectionEntry.ChannelScale();
            }
            case Correction.ChannelShift(Tensor shift, Tensor outputShift) -> {
                file.put(name(PackedNames.CHANNEL_SHIFT), shift);
                file.put(name(PackedNames.OUTPUT_SHIFT), outputShift);
                yield new CorrectionEntry.ChannelShift();
            }
            case Correction.Rotation(Correction.Rotation.Kind kind, int blockSize) ->
                new CorrectionEntry.Rotation(kind, blockSize);
            case Correction.DualScale dual -> {
                file.put(name(PackedNames.OUTLIER_SCALE), dual.scales());
                if (!grid.symmetric()) {
                    file.put(name(PackedNames.OUTLIER_ZERO_POINT), narrowZeros(dual.zeros()));
                }
                InputEntry input = write(dual.input(), PackedNames.OUTLIER_INPUT, file);
                yield new CorrectionEntry.DualScale(
                        Math.toIntExact(dual.columns().numel()), input);
            }
            case Correction.LowRank(Tensor down, Tensor up, boolean onQuantizedInput) -> {
                file.put(name(PackedNames.LOW_RANK_DOWN), narrow(down));
                file.put(name(PackedNames.LOW_RANK_UP), narrow(up));
                yield new CorrectionEntry.LowRank(Math.toIntExact(down.size(0)), onQuantizedInput);
            }
        };
    }

    /** Zero points in int16 where that holds them all, else in float32. */
    private static Tensor narrowZeros(Tensor zeros) {
        Tensor narrow = Ops.to(Ops.clamp(zeros.round(), Short.MIN_VALUE, Short.MAX_VALUE), DTypes.I16);
        return Ops.toF32(narrow).equal(zeros) ? narrow : zeros;
    }

    /** Values in bfloat16 where that holds them all, else as they are. */
    private static Tensor narrow(Tensor values) {
        Tensor narrow = Ops.to(values, DTypes.BF16);
        return Ops.toF32(narrow).equal(values) ? narrow : values;
    }

    // ---- reading

    /**
     * The layer of {@code entry} with its tensors from {@code file}. New tensors belong to the open scope.
     *
     * @throws CheckpointException naming the first tensor that is missing, misshapen or cannot be used
     */
    PackedLayer read(LayerEntry entry, WeightMap file) {
        IntGrid grid = entry.weights().grid();
        Granularity at = entry.weights().at();
        long[] shape = Tensors.toLongs(required(file, PackedNames.SHAPE, DTypes.I64, 2));
        long out = shape[0];
        long in = shape[1];
        Tensor packed = required(
                file, PackedNames.PACKED, CodePacking.packedType(grid), out, CodePacking.packedWidth(grid, in));
        long groups = at.groups(Math.toIntExact(in));
        List<Correction> corrections = new ArrayList<>();
        Tensor order = null;
        for (CorrectionEntry correction : entry.corrections()) {
            if (correction instanceof CorrectionEntry.DualScale) {
                order = columnOrder(file, in);
            }
            corrections.add(read(correction, grid, out, in, order, file));
        }
        return new PackedLayer(
                grid,
                at,
                Math.toIntExact(out),
                Math.toIntExact(in),
                packed,
                scales(file, PackedNames.SCALE, out, groups),
                zeros(file, grid, PackedNames.ZERO_POINT, out, groups),
                input(entry.input(), PackedNames.INPUT, file),
                List.copyOf(corrections),
                order);
    }

    private Correction read(
            CorrectionEntry entry, IntGrid grid, long out, long in, @Nullable Tensor order, WeightMap file) {
        return switch (entry) {
            case CorrectionEntry.ChannelScale() ->
                new Correction.ChannelScale(required(file, PackedNames.CHANNEL_SCALE, DTypes.F32, in));
            case CorrectionEntry.ChannelShift() ->
                new Correction.ChannelShift(
                        required(file, PackedNames.CHANNEL_SHIFT, DTypes.F32, in),
                        required(file, PackedNames.OUTPUT_SHIFT, DTypes.F32, out));
            case CorrectionEntry.Rotation(Correction.Rotation.Kind family, int blockSize) ->
                new Correction.Rotation(family, blockSize);
            case CorrectionEntry.DualScale(int columns, InputEntry input) -> {
                if (order == null || columns < 1 || columns > in) {
                    throw defect(PackedNames.COLUMN_ORDER, "cannot have " + columns + " outliers");
                }
                yield new Correction.DualScale(
                        ColumnOrder.outliers(order, columns),
                        scales(file, PackedNames.OUTLIER_SCALE, out, 1),
                        zeros(file, grid, PackedNames.OUTLIER_ZERO_POINT, out, 1),
                        input(input, PackedNames.OUTLIER_INPUT, file));
            }
            case CorrectionEntry.LowRank(int rank, boolean onQuantizedInput) ->
                new Correction.LowRank(
                        factor(file, PackedNames.LOW_RANK_DOWN, rank, in),
                        factor(file, PackedNames.LOW_RANK_UP, out, rank),
                        onQuantizedInput);
        };
    }

    private Tensor columnOrder(WeightMap file, long in) {
        Tensor order = Ops.to(required(file, PackedNames.COLUMN_ORDER, DTypes.I32, in), DTypes.I64);
        if (!ColumnOrder.isPermutation(order)) {
            throw defect(PackedNames.COLUMN_ORDER, "does not name every column once");
        }
        return order;
    }

    private Tensor scales(WeightMap file, String what, long... shape) {
        Tensor scales = required(file, what, DTypes.F32, shape);
        if (!(Tensors.item(Ops.amin(scales, false, 0, 1)) > 0)
                || Double.isInfinite(Tensors.item(Ops.amax(scales, false, 0, 1)))) {
            throw defect(what, "holds a scale that is not positive and finite");
        }
        return scales;
    }

    private Tensor zeros(WeightMap file, IntGrid grid, String what, long... shape) {
        if (grid.symmetric()) {
            return Tensors.zeros(DTypes.F32, shape);
        }
        Tensor zeros = get(file, what);
        if (DTypes.of(zeros) != DTypes.I16 && DTypes.of(zeros) != DTypes.F32) {
            throw defect(what, "is " + DTypes.of(zeros) + ", not I16 or F32");
        }
        return Ops.toF32(shaped(zeros, what, shape));
    }

    private Tensor factor(WeightMap file, String what, long... shape) {
        Tensor factor = get(file, what);
        if (DTypes.of(factor) != DTypes.BF16 && DTypes.of(factor) != DTypes.F32) {
            throw defect(what, "is " + DTypes.of(factor) + ", not BF16 or F32");
        }
        return Ops.toF32(shaped(factor, what, shape));
    }

    private InputPlan input(InputEntry entry, PackedNames.Inputs names, WeightMap file) {
        boolean scaled = file.has(name(names.scale()));
        Tensor clips = file.has(name(names.clip())) ? get(file, names.clip()) : null;
        try {
            InputNumbers numbers = new InputNumbers(
                    scaled ? get(file, names.scale()) : null, scaled ? get(file, names.zero()) : null, clips);
            InputPlan plan = entry.read(numbers);
            if (!numbers.isUsedUp()) {
                throw defect(names.scale(), "has more numbers than the plan of the input");
            }
            return plan;
        } catch (IllegalArgumentException e) {
            throw defect(names.scale(), e.getMessage());
        }
    }

    private Tensor required(WeightMap file, String what, DTypes type, long... shape) {
        Tensor tensor = shaped(get(file, what), what, shape);
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

    private Tensor get(WeightMap file, String what) {
        if (!file.has(name(what))) {
            throw defect(what, "is missing");
        }
        return file.get(name(what));
    }

    private CheckpointException defect(String what, @Nullable String defect) {
        return new CheckpointException(name(what) + " " + defect);
    }
}
