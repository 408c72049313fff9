package io.arvid.tensor.onednn;

import static io.arvid.tensor.FloatLanes.COUNT;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.FloatLanes;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.lang.ref.Reference;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Softmax attention in bfloat16, tile by tile of queries and keys, in one pass over the keys (FlashAttention, arXiv 2205.14135, algorithm 1): instead
 * of libtorch's operator where oneDNN multiplies bfloat16 as it is. Keys and values of a head are brought into oneDNN's order once, for all queries.
 *
 * <p>Sums, exponentials and the running maximum are float32; the exponentials that multiply the values are rounded to bfloat16, as libtorch does.
 */
public final class TiledAttention {
    private static final int QUERY_ROWS = 256;
    private static final int LARGEST_KEYS = 512;
    private static final int FEWEST_QUERIES = 64;
    private static final int KEYS_MULTIPLE = 32;
    private static final int BF16_BYTES = 2;
    private static final int F32_BYTES = 4;
    private static final long ALIGNMENT = 64;
    private static final float LN_2 = 0.69314718f;
    private static final TileMemory ROWS = new TileMemory();
    private static final TileMemory SCORES = new TileMemory();

    private final Onednn onednn;
    private final Tensor queries;
    private final Tensor keys;
    private final Tensor values;
    private final Tensor output;
    private final @Nullable Tensor logSums;
    private final int headDim;
    private final int queryCount;
    private final int keyCount;
    private final int tileKeys;
    private final int tiles;
    private final int tileQueries;
    private final float factor;
    private final WeightLayout keyLayout;
    private final WeightLayout valueLayout;

    private TiledAttention(Tensor queries, Tensor keys, Tensor values, Tensor output, @Nullable Tensor logSums) {
        this.onednn = Onednn.find().orElseThrow();
        this.queries = queries;
        this.keys = keys;
        this.values = values;
        this.output = output;
        this.logSums = logSums;
        this.headDim = Math.toIntExact(queries.size(3));
        this.queryCount = Math.toIntExact(queries.size(2));
        this.keyCount = Math.toIntExact(keys.size(2));
        int wanted = Math.ceilDiv(keyCount, LARGEST_KEYS);
        this.tileKeys = Math.ceilDiv(Math.ceilDiv(keyCount, wanted), KEYS_MULTIPLE) * KEYS_MULTIPLE;
        this.tiles = Math.ceilDiv(keyCount, tileKeys);
        int threads = Torch.threads();
        int parts = Math.ceilDiv(Math.ceilDiv(queryCount, QUERY_ROWS), threads) * threads;
        this.tileQueries = Math.ceilDiv(queryCount, parts);
        this.factor = (float) (1 / Math.sqrt(headDim) / Math.log(2));
        this.keyLayout = onednn.weightLayout(DTypes.BF16, headDim, tileKeys);
        this.valueLayout = onednn.weightLayout(DTypes.BF16, tileKeys, headDim);
    }

    /** True where {@link #attend} can take these: bfloat16 on the CPU, channels of a head side by side, many queries, no gradient to be recorded. */
    public static boolean takes(Tensor queries, Tensor keys, Tensor values) {
        return fits(queries)
                && fits(keys)
                && fits(values)
                && Onednn.isFast(DTypes.BF16)
                && FloatLanes.ARE_WIDE
                && queries.size(2) >= FEWEST_QUERIES
                && keys.size(2) > 0
                && queries.size(0) == keys.size(0)
                && queries.size(1) == keys.size(1)
                && queries.size(3) == keys.size(3)
                && Arrays.equals(Tensors.shape(keys), Tensors.shape(values));
    }

    private static boolean fits(Tensor x) {
        return x.dim() == 4
                && DTypes.of(x) == DTypes.BF16
                && x.is_cpu()
                && x.stride(3) == 1
                && x.size(3) % KEYS_MULTIPLE == 0
                && !(Torch.recordsGradients() && x.requires_grad());
    }

    /**
     * Attention of {@code queries [B, H, Lq, D]} over {@code keys} and {@code values [B, H, Lk, D]}, scale 1/√D, for which {@link #takes} holds.
     *
     * @param logSums where the logarithms of the sums of exponentials go, float32 {@code [B, H, Lq]}, contiguous; null where they are not wanted
     * @return {@code [B, H, Lq, D]}, the heads of a query side by side in memory
     */
    public static Tensor attend(Tensor queries, Tensor keys, Tensor values, @Nullable Tensor logSums) {
        return TensorScope.run(() -> {
            Tensor output =
                    Tensors.empty(DTypes.BF16, queries.size(0), queries.size(2), queries.size(1), queries.size(3));
            new TiledAttention(queries, keys, values, output, logSums).run();
            return output.transpose(1, 2);
        });
    }

    private void run() {
        long keyBytes = aligned(keyLayout.bytes());
        long valueBytes = aligned(valueLayout.bytes());
        Tensor packed = Tensors.empty(DTypes.I8, tiles * (keyBytes + valueBytes) + ALIGNMENT);
        long packedKeys = aligned(packed.data_ptr().address());
        long packedValues = packedKeys + tiles * keyBytes;
        for (int video = 0; video < queries.size(0); video++) {
            for (int head = 0; head < queries.size(1); head++) {
                long k = address(keys, video, head);
                long v = address(values, video, head);
                RowTeam.run(tiles, tile -> {
                    long rows = tileOf(keys, k, tile);
                    keyLayout.block(rows, packedKeys + tile * keyBytes, onednn);
                    rows = tileOf(values, v, tile);
                    valueLayout.blockTransposed(rows, packedValues + tile * valueBytes, onednn);
                });
                Head one = new Head(video, head, packedKeys, keyBytes, packedValues, valueBytes);
                RowTeam.run(Math.ceilDiv(queryCount, tileQueries), part -> {
                    int from = part * tileQueries;
                    attend(one, from, Math.min(tileQueries, queryCount - from));
                });
            }
        }
        Reference.reachabilityFence(this);
        Reference.reachabilityFence(packed);
    }

    /** A head's keys and values in oneDNN's order: where they begin and how far apart tiles are. */
    private record Head(int video, int head, long keys, long keyBytes, long values, long valueBytes) {}

    private static long aligned(long number) {
        return Math.ceilDiv(number, ALIGNMENT) * ALIGNMENT;
    }

    private static long address(Tensor x, int video, int head) {
        return x.data_ptr().address() + BF16_BYTES * (video * x.stride(0) + head * x.stride(1));
    }

    /** Rows of a tile without gaps, in this thread's memory; rows of zeros after the last key. */
    private long tileOf(Tensor x, long head, int tile) {
        int from = tile * tileKeys;
        int count = Math.min(tileKeys, keyCount - from);
        long target = ROWS.of((long) tileKeys * headDim * BF16_BYTES);
        copyRows(x, head, from, count, target);
        long bytes = (long) headDim * BF16_BYTES;
        if (count < tileKeys) {
            FloatLanes.clear(target + count * bytes, (tileKeys - count) * bytes);
        }
        return target;
    }

    private void copyRows(Tensor x, long head, int from, int count, long target) {
        long bytes = (long) headDim * BF16_BYTES;
        long stride = x.stride(2) * BF16_BYTES;
        if (stride == bytes) {
            FloatLanes.copy(head + from * stride, target, count * bytes);
            return;
        }
        for (int row = 0; row < count; row++) {
            FloatLanes.copy(head + (from + row) * stride, target + row * bytes, bytes);
        }
    }

    /** Queries {@code [from, from + count)} of a head over all its keys. */
    private void attend(Head head, int from, int count) {
        long rows = ROWS.of((long) count * headDim * BF16_BYTES);
        copyRows(queries, address(queries, head.video(), head.head()), from, count, rows);
        long scoreBytes = aligned((long) count * tileKeys * F32_BYTES);
        long weightBytes = aligned((long) count * tileKeys * BF16_BYTES);
        long sumBytes = aligned((long) count * headDim * F32_BYTES);
        long laneBytes = (long) COUNT * F32_BYTES;
        long scores = SCORES.of(scoreBytes + weightBytes + 2 * sumBytes + count * laneBytes);
        long weights = scores + scoreBytes;
        long sums = weights + weightBytes;
        long added = sums + sumBytes;
        long totals = added + sumBytes;
        FloatLanes.clear(totals, count * laneBytes);
        float[] largest = new float[count];
        float[] shrink = new float[count];
        Arrays.fill(largest, Float.NEGATIVE_INFINITY);
        Matmul products = onednn.matmul(product(count, headDim, tileKeys));
        Matmul mixtures = onednn.matmul(product(count, tileKeys, headDim));
        for (int tile = 0; tile < tiles; tile++) {
            int padded = Math.max(0, (tile + 1) * tileKeys - keyCount);
            products.run(rows, head.keys() + tile * head.keyBytes(), 0, 0, scores);
            for (int row = 0; row < count; row++) {
                long score = scores + (long) row * tileKeys * F32_BYTES;
                hide(score, padded);
                float before = largest[row];
                largest[row] = Math.max(before, largest(score, tileKeys) * factor);
                shrink[row] = (float) Math.exp((before - largest[row]) * LN_2);
                exponentials(
                        score,
                        weights + (long) row * tileKeys * BF16_BYTES,
                        tileKeys,
                        factor,
                        largest[row],
                        shrink[row],
                        totals + row * laneBytes);
            }
            mixtures.run(weights, head.values() + tile * head.valueBytes(), 0, 0, tile == 0 ? sums : added);
            if (tile > 0) {
                for (int row = 0; row < count; row++) {
                    long at = (long) row * headDim * F32_BYTES;
                    join(sums + at, added + at, headDim, shrink[row]);
                }
            }
        }
        finish(head, from, count, sums, totals, largest);
    }

    private static Matmul.Key product(int rows, int in, int out) {
        return new Matmul.Key(DTypes.BF16, DTypes.F32, rows, in, out, out, false, false);
    }

    /** Scores of keys that are not there: less than all others. */
    private void hide(long scores, int padded) {
        for (int i = tileKeys - padded; i < tileKeys; i++) {
            FloatLanes.set(scores + (long) i * F32_BYTES, Float.NEGATIVE_INFINITY);
        }
    }

    // Short loops, one for each step: the compiler gives up on long ones.

    /** The largest of {@code count} scores; NaN where one is NaN or infinite, which their sum shows, so that it reaches the output. */
    private static float largest(long scores, int count) {
        FloatVector one = FloatLanes.load(scores);
        FloatVector two = FloatLanes.load(scores + (long) COUNT * F32_BYTES);
        FloatVector sum = one.add(two);
        for (int i = 2 * COUNT; i < count; i += 2 * COUNT) {
            FloatVector first = FloatLanes.load(scores + (long) i * F32_BYTES);
            FloatVector second = FloatLanes.load(scores + (long) (i + COUNT) * F32_BYTES);
            one = one.blend(first, first.compare(VectorOperators.GT, one));
            two = two.blend(second, second.compare(VectorOperators.GT, two));
            sum = sum.add(first.add(second));
        }
        boolean isBounded = sum.reduceLanes(VectorOperators.ADD) < Float.POSITIVE_INFINITY;
        return isBounded ? one.max(two).reduceLanes(VectorOperators.MAX) : Float.NaN;
    }

    /** Writes {@code 2^(factor·score − largest)} as bfloat16 and adds it, before it is rounded, to totals that have shrunk. */
    private static void exponentials(
            long scores, long weights, int count, float factor, float largest, float shrink, long totals) {
        FloatVector factors = FloatLanes.all(factor);
        FloatVector shift = FloatLanes.all(-largest);
        FloatVector total = FloatLanes.load(totals).mul(shrink);
        for (int i = 0; i < count; i += COUNT) {
            FloatVector exponent =
                    FloatLanes.load(scores + (long) i * F32_BYTES).fma(factors, shift);
            FloatVector weight = FloatLanes.powerOfTwo(exponent);
            total = total.add(weight);
            FloatLanes.storeBf16(weight, weights + (long) i * BF16_BYTES);
        }
        FloatLanes.store(total, totals);
    }

    private static void join(long sums, long added, int count, float shrink) {
        FloatVector factor = FloatLanes.all(shrink);
        for (int i = 0; i < count; i += COUNT) {
            long at = (long) i * F32_BYTES;
            FloatLanes.store(FloatLanes.load(sums + at).fma(factor, FloatLanes.load(added + at)), sums + at);
        }
    }

    private void finish(Head head, int from, int count, long sums, long totals, float[] largest) {
        long y = output.data_ptr().address()
                + BF16_BYTES
                        * (head.video() * output.stride(0) + from * output.stride(1) + head.head() * output.stride(2));
        long stride = BF16_BYTES * output.stride(1);
        for (int row = 0; row < count; row++) {
            float total = sum(FloatLanes.load(totals + (long) row * COUNT * F32_BYTES));
            divided(sums + (long) row * headDim * F32_BYTES, headDim, 1 / total, y + row * stride);
            if (logSums != null) {
                long index = (head.video() * queries.size(1) + head.head()) * queryCount + from + row;
                FloatLanes.set(logSums.data_ptr().address() + F32_BYTES * index, (float)
                        (largest[row] * Math.log(2) + Math.log(total)));
            }
        }
    }

    private static void divided(long sums, int count, float factor, long y) {
        FloatVector factors = FloatLanes.all(factor);
        for (int i = 0; i < count; i += COUNT) {
            FloatLanes.storeBf16(FloatLanes.load(sums + (long) i * F32_BYTES).mul(factors), y + (long) i * BF16_BYTES);
        }
    }

    /** Lane after lane: the vector's own sum is in another order once it is compiled, and a seed must give the same bytes. */
    private static float sum(FloatVector lanes) {
        float[] values = lanes.toArray();
        float sum = 0;
        for (float value : values) {
            sum += value;
        }
        return sum;
    }
}
