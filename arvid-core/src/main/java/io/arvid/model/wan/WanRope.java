package io.arvid.model.wan;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Rotary position embedding over time, height and width (Wan2.1 {@code rope_apply}; Self-Forcing {@code causal_rope_apply}).
 *
 * <p>A head of D channels is D/2 pairs of adjacent values, each rotated by position · 10000^(−2j/d) in its axis: D/2 − 2·⌊D/6⌋ pairs for time, ⌊D/6⌋
 * each for height and width, and d twice the axis's number of pairs. Tables are made in float64 and used in float32.
 */
public final class WanRope implements AutoCloseable {
    private static final double THETA = 10000;

    private record Key(String frames, int height, int width) {}

    private final int headDim;
    private final Map<Key, Tensor> tables = new ConcurrentHashMap<>();

    /** For heads of {@code headDim} channels. */
    public WanRope(int headDim) {
        this.headDim = headDim;
    }

    /** Frame positions {@code start, start + 1, …}. */
    public static int[] frames(int start, int count) {
        int[] frames = new int[count];
        Arrays.setAll(frames, i -> start + i);
        return frames;
    }

    /**
     * Rotates queries or keys.
     *
     * @param x {@code [B, L, heads, headDim]}, tokens ordered frame, row, column; tokens beyond the grid pass unchanged
     * @param frames position of each latent frame in time
     * @param height rows of tokens in a frame
     * @param width columns of tokens in a frame
     * @return same shape and dtype
     */
    public Tensor apply(Tensor x, int[] frames, int height, int width) {
        long tokens = (long) frames.length * height * width;
        long rest = x.size(1) - tokens;
        if (rest > 0) {
            Tensor rotated = apply(Ops.slice(x, 1, 0, tokens), frames, height, width);
            return Ops.cat(1, rotated, Ops.slice(x, 1, tokens, x.size(1)));
        }
        return rotate(x, remembered(frames, height, width));
    }

    /**
     * Rotates queries or keys by a {@link #table}.
     *
     * @param x {@code [B, L, heads, headDim]}, as many tokens as the table
     * @return same shape and dtype
     */
    public static Tensor rotate(Tensor x, Tensor table) {
        return FusedRows.fits(x) ? FusedRows.rotate(x, table) : rotateByOperations(x, table);
    }

    /** The same, operation by operation. */
    static Tensor rotateByOperations(Tensor x, Tensor table) {
        Tensor pairs = Ops.toF32(x).unflatten(-1, new long[] {-1, 2});
        return Ops.toTypeOf(Ops.viewAsReal(Ops.viewAsComplex(pairs).mul(table)).flatten(-2, -1), x);
    }

    private Tensor remembered(int[] frames, int height, int width) {
        Key key = new Key(Arrays.toString(frames), height, width);
        return tables.computeIfAbsent(key, k -> TensorScope.own(table(frames, height, width)));
    }

    /** Lets go of the tables that {@link #apply} remembers; it makes them again where it is asked again. */
    @Override
    public void close() {
        tables.values().forEach(Tensor::close);
        tables.clear();
    }

    /** Unit complex numbers e^(i·angle) of a grid of tokens, complex64 {@code [frames · height · width, 1, headDim / 2]}. */
    public Tensor table(int[] frames, int height, int width) {
        return TensorScope.run(() -> {
            Tensor angle =
                    Tensors.of(angles(frames, height, width), (long) frames.length * height * width, 1, headDim / 2);
            Tensor parts = Ops.stack(-1, angle.cos(), angle.sin());
            return Ops.viewAsComplex(Ops.to(parts, DTypes.F32).contiguous());
        });
    }

    /** Radians that a pair turns per position, {@code [headDim / 2]}, columns ordered time, height, width. */
    public double[] frequencies() {
        int pairs = headDim / 2;
        int spatialPairs = pairs / 3;
        int timePairs = pairs - 2 * spatialPairs;
        double[] frequencies = new double[pairs];
        for (int j = 0; j < pairs; j++) {
            int axisPairs = j < timePairs ? timePairs : spatialPairs;
            int inAxis = j < timePairs ? j : (j - timePairs) % spatialPairs;
            frequencies[j] = 1 / Math.pow(THETA, (double) inAxis / axisPairs);
        }
        return frequencies;
    }

    /** Rotation angles, row-major {@code [frames · height · width, headDim / 2]}, columns ordered time, height, width. */
    public double[] angles(int[] frames, int height, int width) {
        double[] frequencies = frequencies();
        int pairs = frequencies.length;
        int spatialPairs = pairs / 3;
        int timePairs = pairs - 2 * spatialPairs;
        double[] angles = new double[frames.length * height * width * pairs];
        int at = 0;
        for (int frame : frames) {
            for (int row = 0; row < height; row++) {
                for (int column = 0; column < width; column++) {
                    for (int j = 0; j < pairs; j++) {
                        int position = j < timePairs ? frame : j < timePairs + spatialPairs ? row : column;
                        angles[at++] = position * frequencies[j];
                    }
                }
            }
        }
        return angles;
    }
}
