package io.arvid.quantize.adaround;

import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The loop of {@link LayerReconstruction}, its plain twin, with everything between the three matrix products of an iteration done in one pass over
 * memory each, in buffers that are made once. Columns are held in the order of their scales, the outliers last, so that a scale is a constant of the
 * innermost loop. Same batches, same order of steps; results differ by the rounding of float32 sums only.
 */
public final class FusedReconstruction implements AutoCloseable {
    private final ScaledLayer layer;
    private final ReconstructionSettings settings;
    private final ReconstructionSettings.Extras extras;
    private final Tensor columnOrder;
    private final FusedWeight weight;
    private final FusedInput input;
    private final FusedError error;

    /** As {@link LayerReconstruction#LayerReconstruction}. */
    public FusedReconstruction(
            ScaledLayer layer,
            ReconstructionSettings settings,
            ReconstructionSettings.Extras extras,
            Tensor inputs,
            Tensor targets,
            Tensor sampleWeights,
            Tensor bias) {
        this.layer = layer;
        this.settings = settings;
        this.extras = extras;
        try (TensorScope scope = TensorScope.open()) {
            Tensor group = layer.groupOfColumn();
            this.columnOrder = TensorScope.own(group.argsort(true, 0, false));
            long[] groups = Tensors.toLongs(group.index_select(0, columnOrder));
            int batch = (int) Math.min(settings.batchSize(), inputs.size(0));
            int rows = batch * (int) inputs.size(1);
            this.weight = new FusedWeight(layer, columnOrder, Spans.of(groups));
            this.input = new FusedInput(layer, inputs.index_select(-1, columnOrder), rows);
            this.error = new FusedError(targets, sampleWeights, bias, rows);
        }
    }

    /** All iterations, each on its own random batch without repeats. */
    public LayerPlan run(Seeds seeds) {
        long count = error.sampleCount();
        long batch = Math.min(settings.batchSize(), count);
        for (int index = 0; index < settings.iterations(); index++) {
            try (TensorScope scope = TensorScope.open()) {
                step(index, Tensors.toLongs(Ops.slice(seeds.permutation(count), 0, 0, batch)));
            }
        }
        return finish();
    }

    private void step(int index, long[] samples) {
        double cosine = settings.cosine(index);
        weight.relax();
        input.quantize(samples);
        Ops.mm(
                error.lanes().tensor(),
                input.values().tensor(),
                weight.values().tensor().t());
        error.subtractTargets(samples);
        Ops.mm(
                weight.gradient().tensor(),
                error.lanes().tensor().t(),
                input.values().tensor());
        if (settings.inputRate() > 0) {
            Ops.mm(
                    input.gradient().tensor(),
                    error.lanes().tensor(),
                    weight.values().tensor());
            input.step(settings.inputRate() * cosine);
        }
        weight.step(
                settings.beta(index + 1),
                settings.roundingWeight(),
                settings.roundingRate() * (extras.cosineOnRounding() ? cosine : 1),
                extras.trainWeightScales() ? settings.inputRate() * cosine : 0);
    }

    private LayerPlan finish() {
        Tensor codes = weight.hardCodes().index_select(1, columnOrder.argsort());
        InputPlan.Static[] plans = input.plans();
        return layer.withScaleTable(weight.scaleTable())
                .withInputs(plans[0], plans[1])
                .withCodes(codes);
    }

    /** Rounding variables α in the layer's own order of columns, {@code [out, in]}. */
    Tensor alpha() {
        return weight.alpha().index_select(1, columnOrder.argsort());
    }

    @Override
    public void close() {
        columnOrder.close();
        weight.close();
        input.close();
        error.close();
    }

    /** Runs of columns that have one scale. */
    record Spans(int[] starts, int[] groups) {
        static Spans of(long[] groupOfColumn) {
            List<Integer> starts = new ArrayList<>();
            for (int i = 0; i < groupOfColumn.length; i++) {
                if (i == 0 || groupOfColumn[i] != groupOfColumn[i - 1]) {
                    starts.add(i);
                }
            }
            int[] groups = starts.stream().mapToInt(i -> (int) groupOfColumn[i]).toArray();
            starts.add(groupOfColumn.length);
            return new Spans(starts.stream().mapToInt(i -> i).toArray(), groups);
        }

        int count() {
            return groups.length;
        }
    }

    static Lanes zeros(long rows, long columns) {
        return Lanes.owning(Tensors.zeros(DTypes.F32, rows, columns));
    }
}
