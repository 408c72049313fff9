package io.arvid.pack;

import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * A {@link PackedLayer} as an entry of {@code config.json} and named tensors, which {@link LayerReader} brings back as they went, bit for bit.
 *
 * @param layer name of the layer
 * @param file the tensors of a file by their names, to which those of the layer are added
 */
record LayerWriter(String layer, Map<String, Tensor> file) {
    /** The entry of {@code packed}, whose tensors are put into the file. New tensors belong to the open scope. */
    LayerEntry write(PackedLayer packed) {
        put(PackedNames.PACKED, packed.packed());
        put(PackedNames.SHAPE, Tensors.of(new long[] {packed.outFeatures(), packed.inFeatures()}, 2));
        put(PackedNames.SCALE, packed.scales());
        if (!packed.grid().symmetric()) {
            put(PackedNames.ZERO_POINT, narrowZeros(packed.zeros()));
        }
        if (packed.columnOrder() != null) {
            put(PackedNames.COLUMN_ORDER, Ops.to(packed.columnOrder(), DTypes.I32));
        }
        InputEntry input = write(packed.input(), PackedNames.INPUT);
        List<CorrectionEntry> corrections = new ArrayList<>();
        for (Correction correction : packed.corrections()) {
            corrections.add(write(correction, packed.grid()));
        }
        return new LayerEntry(new WeightRule(packed.grid(), packed.at()), input, corrections);
    }

    private InputEntry write(InputPlan plan, PackedNames.Inputs names) {
        InputNumbers numbers = new InputNumbers();
        InputEntry entry = InputEntry.write(plan, numbers);
        if (numbers.hasScales()) {
            put(names.scale(), numbers.scales());
            put(names.zero(), numbers.zeros());
        }
        if (numbers.hasClips()) {
            put(names.clip(), numbers.clips());
        }
        return entry;
    }

    private CorrectionEntry write(Correction correction, IntGrid grid) {
        return switch (correction) {
            case Correction.ChannelScale(Tensor factors) -> {
                put(PackedNames.CHANNEL_SCALE, factors);
                yield new CorrectionEntry.ChannelScale();
            }
            case Correction.ChannelShift(Tensor shift, Tensor outputShift) -> {
                put(PackedNames.CHANNEL_SHIFT, shift);
                put(PackedNames.OUTPUT_SHIFT, outputShift);
                yield new CorrectionEntry.ChannelShift();
            }
            case Correction.Rotation(Correction.Rotation.Kind kind, int blockSize) ->
                new CorrectionEntry.Rotation(kind, blockSize);
            case Correction.DualScale dual -> {
                put(PackedNames.OUTLIER_SCALE, dual.scales());
                if (!grid.symmetric()) {
                    put(PackedNames.OUTLIER_ZERO_POINT, narrowZeros(dual.zeros()));
                }
                InputEntry input = write(dual.input(), PackedNames.OUTLIER_INPUT);
                yield new CorrectionEntry.DualScale(
                        Math.toIntExact(dual.columns().numel()), input);
            }
            case Correction.LowRank(Tensor down, Tensor up, boolean onQuantizedInput) -> {
                put(PackedNames.LOW_RANK_DOWN, narrow(down));
                put(PackedNames.LOW_RANK_UP, narrow(up));
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

    private void put(String what, Tensor tensor) {
        file.put(layer + "." + what, tensor);
    }
}
