package io.arvid.kernel;

import io.arvid.model.RolloutStep;
import io.arvid.pack.PackedLayer;
import io.arvid.quantize.scheme.Correction;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.onednn.RowTeam;
import io.arvid.tensor.onednn.TileMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A packed layer multiplied in integers. With input codes a, their zero point z and scale s of the row, weight codes w = q − h around the middle h of
 * their grid, and the scale t and zero point of the output channel, δ = zero − h away from the middle:
 *
 * <pre>{@code
 * y = s·t·[Σ a·w  −  z·Σ w  −  δ·Σ(a − z)] + bias
 *   = a·v + b·p + c·e + o        v = t·Σ a·w,  p = t·Σ w,  e = t·δ,  o = bias,   and a, b, c of the row as in RoundedRows
 * }</pre>
 *
 * <p>The sums are exact in int32. The outlier columns of a dual scale are a second product into the same rows. Rows are done in tiles that stay in the
 * cache between the product and its scaling; where all rows have one scale, δ is 0 and no function follows, the product is the
 * output itself.
 */
final class IntegerGemm implements QuantGemm {
    private static final int TILE_ROWS = 256;
    private static final TileMemory PRODUCTS = new TileMemory();

    /** What one product needs when its rows share one static scale: scales and offsets of its output channels. */
    private record FixedScales(Tensor scales, Tensor offsets) {}

    private final InputRounding rounding;
    private final int outFeatures;
    private final List<WeightSegment> segments = new ArrayList<>();
    private final Tensor offsets;
    private final @Nullable Tensor down;
    private final @Nullable Tensor up;
    private final Map<InputPlan.Static, FixedScales> fixed = new ConcurrentHashMap<>();

    /** {@code layer} with {@code bias [out]}, whose codes are multiplied as {@code products} does. */
    IntegerGemm(PackedLayer layer, Tensor bias, Function<WeightSegment.Codes, WeightSegment> products) {
        this.outFeatures = layer.outFeatures();
        this.rounding = new InputRounding(layer);
        try (TensorScope scope = TensorScope.open()) {
            for (int segment = 0; segment < rounding.segments(); segment++) {
                int[] columns = rounding.columns(segment);
                boolean outliers = rounding.segments() > 1 && segment == 0;
                segments.add(products.apply(WeightSegment.Codes.of(layer, columns[0], columns[1], outliers)));
            }
            Tensor output = Ops.copyF32(bias);
            this.offsets = TensorScope.own(layer.correction(Correction.ChannelShift.class)
                    .map(shift -> output.add(shift.outputShift()))
                    .orElse(output));
            Correction.LowRank branch =
                    layer.correction(Correction.LowRank.class).orElse(null);
            this.down = branch == null ? null : TensorScope.own(Ops.copy(branch.down()));
            this.up = branch == null ? null : TensorScope.own(Ops.copy(branch.up()));
        }
    }

    @Override
    public Tensor multiply(RolloutStep step, Tensor input, RoundedInput shared, Activation activation) {
        long[] shape = Tensors.shape(input);
        long rows = input.numel() / rounding.inFeatures();
        shape[shape.length - 1] = outFeatures;
        if (rows == 0) {
            return Tensors.empty(DTypes.of(input), shape);
        }
        return TensorScope.run(() -> {
            Tensor x = rows(input);
            RoundedRows codes = shared.of(input, x, rounding, step);
            Tensor output = Tensors.empty(DTypes.of(x), rows, outFeatures);
            boolean gelu = activation == Activation.GELU_TANH;
            if (isDirect(step) && !gelu && !codes.hasNan()) {
                InputPlan.Static plan = (InputPlan.Static) rounding.plan(0).during(step);
                direct(codes, fixed.computeIfAbsent(plan, this::fixedScales), output);
            } else {
                Tensor beside = down == null || up == null
                        ? null
                        : Ops.linear(Ops.linear(rounding.corrected(x), down, null), up, offsets);
                scaled(codes, beside, output, gelu);
            }
            return Ops.toTypeOf(output.reshape(shape), input);
        });
    }

    @Override
    public void round(RolloutStep step, Tensor input, RoundedInput shared) {
        if (input.numel() > 0) {
            TensorScope.runAndFree(() -> shared.of(input, rows(input), rounding, step));
        }
    }

    /** The input as contiguous rows of float32 or bfloat16. */
    private Tensor rows(Tensor input) {
        Tensor typed = InputRounding.reads(DTypes.of(input)) ? input : Ops.toF32(input);
        return typed.reshape(-1, rounding.inFeatures()).contiguous();
    }

    /** True where the product is the output itself. */
    private boolean isDirect(RolloutStep step) {
        return segments.size() == 1
                && !segments.getFirst().hasZeros()
                && down == null
                && rounding.plan(0).during(step) instanceof InputPlan.Static;
    }

    private FixedScales fixedScales(InputPlan.Static plan) {
        try (TensorScope scope = TensorScope.open()) {
            WeightSegment only = segments.getFirst();
            float zero = plan.zero() + ByteGrid.of(plan.grid()).shift();
            Tensor scales = Ops.mul(only.scales(), plan.scale());
            Tensor offset = offsets.sub(Ops.mul(only.sums(), (double) plan.scale() * zero));
            return new FixedScales(TensorScope.own(scales), TensorScope.own(offset));
        }
    }

    private void direct(RoundedRows codes, FixedScales terms, Tensor output) {
        WeightSegment only = segments.getFirst();
        boolean bf16 = DTypes.of(output) == DTypes.BF16;
        long y = output.data_ptr().address();
        long elementBytes = bf16 ? 2 : 4;
        int tileRows = tileRows(codes.rows());
        only.forEachSlice((slice, weights) -> RowTeam.run(Math.ceilDiv(codes.rows(), tileRows), tile -> {
            int from = tile * tileRows;
            int count = Math.min(tileRows, codes.rows() - from);
            only.multiply(
                    slice,
                    weights,
                    codes.codes(0) + (long) from * only.columns(),
                    count,
                    address(terms.scales(), slice.from()),
                    address(terms.offsets(), slice.from()),
                    new WeightSegment.Target(
                            y + ((long) from * outFeatures + slice.from()) * elementBytes, outFeatures, bf16));
        }));
    }

    /** Segment after segment into the output's rows; what comes before the last is kept in float32. */
    private void scaled(RoundedRows codes, @Nullable Tensor beside, Tensor output, boolean gelu) {
        int rows = codes.rows();
        int tileRows = tileRows(rows);
        boolean bf16 = DTypes.of(output) == DTypes.BF16;
        Tensor before = beside;
        for (int segment = 0; segment < segments.size(); segment++) {
            boolean last = segment == segments.size() - 1;
            Tensor target = last ? output : before == null ? Tensors.empty(DTypes.F32, rows, outFeatures) : before;
            Tensor added = before;
            int index = segment;
            WeightSegment part = segments.get(segment);
            part.forEachSlice((slice, weights) -> RowTeam.run(Math.ceilDiv(rows, tileRows), tile -> {
                int from = tile * tileRows;
                tile(
                        codes,
                        index,
                        slice,
                        weights,
                        from,
                        Math.min(tileRows, rows - from),
                        added,
                        target,
                        gelu && last,
                        bf16 && last);
            }));
            before = target;
        }
    }

    private void tile(
            RoundedRows codes,
            int segment,
            WeightSegment.Slice slice,
            long weights,
            int from,
            int count,
            @Nullable Tensor before,
            Tensor target,
            boolean gelu,
            boolean bf16) {
        WeightSegment part = segments.get(segment);
        long product = PRODUCTS.of((long) count * slice.count() * 4);
        part.multiply(
                slice,
                weights,
                codes.codes(segment) + (long) from * part.columns(),
                count,
                address(part.scales(), slice.from()),
                0,
                new WeightSegment.Target(product, slice.count(), false));
        long sums = address(part.sums(), slice.from());
        long zeros = address(part.zeros(), slice.from());
        long y = target.data_ptr().address();
        for (int i = 0; i < count; i++) {
            int row = from + i;
            long at = (long) row * outFeatures + slice.from();
            RowScaling.scale(
                    product + 4L * i * slice.count(),
                    codes.a(segment, row),
                    codes.b(segment, row),
                    sums,
                    codes.c(segment, row),
                    zeros,
                    before == null
                            ? address(offsets, slice.from())
                            : before.data_ptr().address() + 4 * at,
                    slice.count(),
                    gelu,
                    y + (bf16 ? 2 : 4) * at,
                    bf16);
        }
    }

    private static long address(Tensor vector, int from) {
        return vector.data_ptr().address() + 4L * from;
    }

    /** Rows of a tile: all alike, at most {@link #TILE_ROWS}, and as many tiles for every thread. */
    private static int tileRows(int rows) {
        int threads = io.arvid.tensor.Torch.threads();
        int tiles = Math.ceilDiv(rows, TILE_ROWS);
        return tiles == 1 ? rows : Math.ceilDiv(rows, Math.ceilDiv(tiles, threads) * threads);
    }

    @Override
    public long bytes() {
        return segments.stream().mapToLong(WeightSegment::bytes).sum();
    }

    @Override
    public void close() {
        segments.forEach(WeightSegment::close);
        rounding.close();
        offsets.close();
        if (down != null && up != null) {
            down.close();
            up.close();
        }
        fixed.values().forEach(terms -> {
            terms.scales().close();
            terms.offsets().close();
        });
    }
}
