package io.arvid.kernel;

import io.arvid.model.RolloutStep;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.onednn.RowTeam;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.bytedeco.pytorch.Tensor;

/**
 * An input as bytes, with what each row needs to become numbers again: {@code x̂ = scale·(code − zero)}. A row's numbers are kept as {@code a = scale},
 * {@code b = −scale·zero} and {@code c = −scale·Σ(code − zero)}, which is what {@link RowScaling} takes; all three are NaN where a number of the row is NaN.
 * Its memory is used again for the next input.
 */
final class RoundedRows implements AutoCloseable {
    private static final int NUMBERS = 3;
    private static final int ROWS_A_TASK = 64;
    private static final double SMALLEST_STEP = 1e-8;
    private static final int LARGEST_SEGMENTS = 2;

    private final Tensor[] codes = new Tensor[LARGEST_SEGMENTS];
    private final Tensor[] numbers = new Tensor[LARGEST_SEGMENTS];
    private int rows;
    private volatile boolean hasNan;

    /** Rounds {@code input [rows, in]}, contiguous, float32 or bfloat16. */
    void round(InputRounding rounding, RolloutStep step, Tensor input) {
        rows = Math.toIntExact(input.size(0));
        hasNan = false;
        for (int segment = 0; segment < rounding.segments(); segment++) {
            int[] columns = rounding.columns(segment);
            codes[segment] = grown(codes[segment], DTypes.U8, (long) rows * (columns[1] - columns[0]));
            numbers[segment] = grown(numbers[segment], DTypes.F32, (long) rows * NUMBERS);
        }
        try (TensorScope scope = TensorScope.open()) {
            boolean fused = rounding.isFused();
            Tensor x = fused ? input : rounding.corrected(input);
            Source source = new Source(
                    Tensors.memory(x).address(),
                    DTypes.of(x) == DTypes.BF16,
                    fused ? rounding.shiftAddress() : 0,
                    fused ? rounding.factorsAddress() : 0,
                    rounding.order());
            InputPlan[] plans = new InputPlan[rounding.segments()];
            for (int segment = 0; segment < plans.length; segment++) {
                plans[segment] = wholeTensor(rounding.plan(segment).during(step), x);
            }
            RowTeam.run(Math.ceilDiv(rows, ROWS_A_TASK), task -> {
                int from = task * ROWS_A_TASK;
                round(rounding, source, plans, from, Math.min(rows, from + ROWS_A_TASK));
            });
        }
    }

    /** Where the rows come from. */
    private record Source(long address, boolean bf16, long shift, long factors, int[] order) {
        boolean isCopied() {
            return shift != 0 || factors != 0 || order != null;
        }
    }

    private static Tensor grown(Tensor tensor, DTypes type, long count) {
        if (tensor != null && tensor.numel() >= count) {
            return tensor;
        }
        if (tensor != null) {
            tensor.close();
        }
        return TensorScope.run(() -> TensorScope.own(Tensors.empty(type, count)));
    }

    /** A plan with one pair for the whole of {@code x}, found now, as a static one; others as they are. */
    private static InputPlan wholeTensor(InputPlan plan, Tensor x) {
        if (!(plan instanceof InputPlan.Dynamic dynamic) || !(dynamic.at() instanceof Granularity.PerTensor)) {
            return plan;
        }
        float[] range = {(float) Tensors.item(Ops.amin(x, false, 0, 1)), (float) Tensors.item(Ops.amax(x, false, 0, 1))
        };
        float[] pair = pair(dynamic, range);
        return new InputPlan.Static(dynamic.grid(), pair[0], pair[1]);
    }

    /** Scale and zero point of values between {@code range[0]} and {@code range[1]} ({@link InputPlan.Dynamic}). */
    private static float[] pair(InputPlan.Dynamic plan, float[] range) {
        int steps = plan.grid().steps();
        if (plan.grid().symmetric()) {
            float largest = Math.max(Math.abs(range[0]), Math.abs(range[1])) * plan.highClip();
            return new float[] {Math.max(largest / steps, (float) SMALLEST_STEP), 0};
        }
        float low = range[0] * plan.lowClip();
        float scale = Math.max((range[1] * plan.highClip() - low) / steps, (float) SMALLEST_STEP);
        float zero = (float) Math.rint(-low / scale);
        return new float[] {
            scale,
            plan.zeroInGrid()
                    ? Math.clamp(zero, plan.grid().lowest(), plan.grid().highest())
                    : zero
        };
    }

    private void round(InputRounding rounding, Source source, InputPlan[] plans, int from, int to) {
        int in = rounding.inFeatures();
        try (Arena arena = Arena.ofConfined()) {
            long plain = source.isCopied() ? arena.allocate(4L * in, 64).address() : 0;
            long ordered =
                    source.order() == null ? plain : arena.allocate(4L * in, 64).address();
            for (int row = from; row < to; row++) {
                long x = source.address() + (long) row * in * (source.bf16() ? 2 : 4);
                boolean bf16 = source.bf16();
                if (source.isCopied()) {
                    RowRounding.transform(x, bf16, in, source.shift(), source.factors(), plain);
                    x = plain;
                    bf16 = false;
                }
                if (source.order() != null) {
                    gather(plain, source.order(), ordered);
                    x = ordered;
                }
                for (int segment = 0; segment < plans.length; segment++) {
                    int[] columns = rounding.columns(segment);
                    roundRow(segment, row, plans[segment], x + (bf16 ? 2L : 4L) * columns[0], bf16, columns);
                }
            }
        }
    }

    private static void gather(long source, int[] order, long target) {
        MemorySegment from = MemorySegment.ofAddress(source).reinterpret(4L * order.length);
        MemorySegment to = MemorySegment.ofAddress(target).reinterpret(4L * order.length);
        for (int i = 0; i < order.length; i++) {
            to.setAtIndex(
                    java.lang.foreign.ValueLayout.JAVA_FLOAT,
                    i,
                    from.getAtIndex(java.lang.foreign.ValueLayout.JAVA_FLOAT, order[i]));
        }
    }

    private void roundRow(int segment, int row, InputPlan plan, long x, boolean bf16, int[] columns) {
        int count = columns[1] - columns[0];
        IntGrid grid;
        float scale;
        float zero;
        if (plan instanceof InputPlan.Static fixed) {
            grid = fixed.grid();
            scale = fixed.scale();
            zero = fixed.zero();
        } else {
            InputPlan.Dynamic dynamic = (InputPlan.Dynamic) plan;
            float[] range = new float[2];
            RowRounding.range(x, bf16, count, range);
            float[] pair = pair(dynamic, range);
            grid = dynamic.grid();
            scale = pair[0];
            zero = pair[1];
        }
        ByteGrid bytes = ByteGrid.of(grid);
        int sum = RowRounding.round(x, bf16, count, scale, zero, bytes, codes(segment) + (long) row * count);
        float byteZero = zero + bytes.shift();
        float a = scale;
        if (sum == RowRounding.NOT_A_NUMBER) {
            a = Float.NaN;
            hasNan = true;
        }
        long at = numbers(segment);
        NativeMemory.set(at, NUMBERS * row, a, false);
        NativeMemory.set(at, NUMBERS * row + 1, -a * byteZero, false);
        NativeMemory.set(at, NUMBERS * row + 2, (float) (-a * (sum - (double) count * byteZero)), false);
    }

    /** Number of rows. */
    int rows() {
        return rows;
    }

    /** True where a number of some row is NaN: what is computed from codes alone would be wrong there. */
    boolean hasNan() {
        return hasNan;
    }

    /** Address of a segment's codes, {@code [rows, columns of the segment]}. */
    long codes(int segment) {
        return codes[segment].data_ptr().address();
    }

    private long numbers(int segment) {
        return numbers[segment].data_ptr().address();
    }

    /** {@code a} of a row. */
    float a(int segment, int row) {
        return NativeMemory.get(numbers(segment), NUMBERS * row);
    }

    /** {@code b} of a row. */
    float b(int segment, int row) {
        return NativeMemory.get(numbers(segment), NUMBERS * row + 1);
    }

    /** {@code c} of a row. */
    float c(int segment, int row) {
        return NativeMemory.get(numbers(segment), NUMBERS * row + 2);
    }

    @Override
    public void close() {
        for (int segment = 0; segment < LARGEST_SEGMENTS; segment++) {
            if (codes[segment] != null) {
                codes[segment].close();
                numbers[segment].close();
            }
        }
    }
}
