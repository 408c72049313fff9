package io.arvid.model.wan;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.bytedeco.pytorch.Tensor;

/**
 * Norms, modulation and rotation of rows, each in one pass over memory: the fast twins of what {@link WanNorms} and {@link WanRope#rotate} do operation
 * by operation. RMS norm and rotation take float32 and bfloat16 ({@link Bf16Rows}), where libtorch makes six passes, with their roundings in the same places;
 * layer norm and modulation take float32, where the rows of a small model are shorter than the way into libtorch.
 */
final class FusedRows {
    /** Floats that are worked on at once. */
    static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;

    /** Floats of a vector. */
    static final int LANES = FLOATS.length();

    /** Order of bytes in memory. */
    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    private static final VectorShuffle<Float> REAL = VectorShuffle.fromOp(FLOATS, lane -> lane & ~1);
    private static final VectorShuffle<Float> IMAGINARY = VectorShuffle.fromOp(FLOATS, lane -> lane | 1);
    private static final VectorShuffle<Float> SWAPPED = VectorShuffle.fromOp(FLOATS, lane -> lane ^ 1);
    private static final FloatVector SIGNS = signs();

    private FusedRows() {}

    /** −1, 1, −1, 1, …: how an imaginary part enters the real and the imaginary part of a product. */
    private static FloatVector signs() {
        float[] signs = new float[FLOATS.length()];
        for (int lane = 0; lane < signs.length; lane++) {
            signs[lane] = lane % 2 == 0 ? -1 : 1;
        }
        return FloatVector.fromArray(FLOATS, signs, 0);
    }

    /** True where {@code x [..., width]} can be worked on: on the CPU, without gaps or gradient, its width a multiple of a vector. */
    static boolean fits(Tensor x) {
        int valuesPerVector = switch (DTypes.of(x)) {
            case F32 -> LANES;
            case BF16 -> 2 * LANES;
            default -> 0;
        };
        return valuesPerVector > 0
                && ByteOrder.nativeOrder() == ORDER
                && x.is_cpu()
                && x.is_contiguous()
                && x.size(-1) % valuesPerVector == 0
                && !(Torch.recordsGradients() && x.requires_grad());
    }

    /** True where all are float32 and can be worked on. */
    static boolean fitF32(Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (DTypes.of(tensor) != DTypes.F32 || !fits(tensor)) {
                return false;
            }
        }
        return true;
    }

    /** {@link WanNorms#layer} of x {@code [..., width]}, weight and bias {@code [width]}. */
    static Tensor layer(Tensor x, Tensor weight, Tensor bias, double eps) {
        MemorySegment factors = Tensors.memory(weight);
        MemorySegment shifts = Tensors.memory(bias);
        return rowByRow(
                x, (from, to, row, at, width) -> layerRow(from, to, at, width, factors, 0, 0, shifts, 0, (float) eps));
    }

    /** {@link WanNorms#modulated} of x {@code [B, L, width]} by rows {@code [B, F, n, width]}. */
    static Tensor modulated(Tensor x, Tensor rows, int shift, int scale, double eps) {
        MemorySegment modulation = Tensors.memory(rows);
        long rowBytes = 4 * rows.size(3);
        long frameBytes = rowBytes * rows.size(2);
        long tokens = x.size(1) / rows.size(1);
        return rowByRow(x, (from, to, row, at, width) -> {
            long frame = row / tokens * frameBytes;
            long factor = frame + scale * rowBytes;
            layerRow(from, to, at, width, modulation, factor, 1, modulation, frame + shift * rowBytes, (float) eps);
        });
    }

    /** {@link WanNorms#addGated} of x and branch {@code [B, L, width]} by rows {@code [B, F, n, width]}. */
    static Tensor addGated(Tensor x, Tensor branch, Tensor rows, int gate) {
        MemorySegment added = Tensors.memory(branch);
        MemorySegment modulation = Tensors.memory(rows);
        long rowBytes = 4 * rows.size(3);
        long frameBytes = rowBytes * rows.size(2);
        long tokens = x.size(1) / rows.size(1);
        return rowByRow(
                x,
                (from, to, row, at, width) ->
                        gatedRow(from, added, to, at, width, modulation, row / tokens * frameBytes + gate * rowBytes));
    }

    @FunctionalInterface
    private interface FloatRowWork {
        /** Writes {@code width} values at byte {@code at} of {@code to} from those at the same place of {@code from}. */
        void row(MemorySegment from, MemorySegment to, long row, long at, int width);
    }

    private static Tensor rowByRow(Tensor x, FloatRowWork work) {
        int width = Math.toIntExact(x.size(-1));
        Tensor out = Tensors.empty(DTypes.F32, Tensors.shape(x));
        MemorySegment from = Tensors.memory(x);
        MemorySegment to = Tensors.memory(out);
        inParts(x.numel() / width, row -> work.row(from, to, row, row * 4L * width, width));
        return out;
    }

    /** {@link WanNorms#rms} of x {@code [..., width]} and weight {@code [width]}, of one type. */
    static Tensor rms(Tensor x, Tensor weight, double eps) {
        int width = Math.toIntExact(x.size(-1));
        DTypes type = DTypes.of(x);
        Tensor out = Tensors.empty(type, Tensors.shape(x));
        MemorySegment from = Tensors.memory(x);
        MemorySegment to = Tensors.memory(out);
        long rows = x.numel() / width;
        if (type == DTypes.F32) {
            MemorySegment weights = Tensors.memory(weight);
            inParts(rows, row -> normRow(from, to, row * 4L * width, width, weights, (float) eps));
        } else {
            float[] weights = Bf16Rows.planar(Tensors.memory(weight), width);
            inParts(rows, row -> Bf16Rows.norm(from, to, row * 2L * width, width, weights, (float) eps));
        }
        return out;
    }

    /** {@link WanRope#rotate} of x {@code [B, L, heads, headDim]} by a complex64 table {@code [L, 1, headDim / 2]}. */
    static Tensor rotate(Tensor x, Tensor table) {
        int tokens = Math.toIntExact(x.size(1));
        int heads = Math.toIntExact(x.size(2));
        int width = Math.toIntExact(x.size(3));
        DTypes type = DTypes.of(x);
        Tensor out = Tensors.empty(type, Tensors.shape(x));
        MemorySegment from = Tensors.memory(x);
        MemorySegment to = Tensors.memory(out);
        MemorySegment angles = Tensors.memory(table);
        long rows = x.size(0) * tokens;
        if (type == DTypes.F32) {
            inParts(rows, row -> {
                long offset = row * heads * width * 4L;
                rotateRow(from, to, offset, heads, width, angles, row % tokens * width * 4L);
            });
        } else {
            inParts(rows, row -> {
                long offset = row * heads * width * 2L;
                Bf16Rows.rotate(from, to, offset, heads, width / 2, angles, row % tokens * width);
            });
        }
        return out;
    }

    @FunctionalInterface
    private interface RowWork {
        void row(long row);
    }

    /** Rows in as many neighbouring parts as libtorch uses threads. */
    private static void inParts(long rows, RowWork work) {
        int parts = (int) Math.min(rows, Torch.threads());
        if (parts <= 1) {
            for (long row = 0; row < rows; row++) {
                work.row(row);
            }
        } else {
            IntStream.range(0, parts).parallel().forEach(part -> {
                for (long row = rows * part / parts; row < rows * (part + 1) / parts; row++) {
                    work.row(row);
                }
            });
        }
    }

    private static void normRow(
            MemorySegment from, MemorySegment to, long offset, int width, MemorySegment weights, float eps) {
        FloatVector squares = FloatVector.zero(FLOATS);
        for (int at = 0; at < width; at += LANES) {
            FloatVector values = FloatVector.fromMemorySegment(FLOATS, from, offset + 4L * at, ORDER);
            squares = values.fma(values, squares);
        }
        float factor = factor(squares, width, eps);
        for (int at = 0; at < width; at += LANES) {
            FloatVector.fromMemorySegment(FLOATS, from, offset + 4L * at, ORDER)
                    .mul(factor)
                    .mul(FloatVector.fromMemorySegment(FLOATS, weights, 4L * at, ORDER))
                    .intoMemorySegment(to, offset + 4L * at, ORDER);
        }
    }

    /** {@code rsqrt(mean + eps)} of a row's squares. */
    static float factor(FloatVector squares, int width, float eps) {
        return (float) (1 / Math.sqrt(sum(squares) / width + eps));
    }

    /** Lane after lane: the vector's own sum is in another order once it is compiled, and a seed must give the same bytes. */
    private static float sum(FloatVector lanes) {
        float[] values = lanes.toArray();
        float sum = 0;
        for (int lane = 0; lane < FLOATS.length(); lane++) {
            sum += values[lane];
        }
        return sum;
    }

    /** {@code LN(x)·(factor + more) + shift}. */
    private static void layerRow(
            MemorySegment from,
            MemorySegment to,
            long offset,
            int width,
            MemorySegment factors,
            long factor,
            float more,
            MemorySegment shifts,
            long shift,
            float eps) {
        FloatVector values = FloatVector.zero(FLOATS);
        for (int at = 0; at < width; at += LANES) {
            values = values.add(FloatVector.fromMemorySegment(FLOATS, from, offset + 4L * at, ORDER));
        }
        float mean = sum(values) / width;
        FloatVector squares = FloatVector.zero(FLOATS);
        for (int at = 0; at < width; at += LANES) {
            FloatVector centred = FloatVector.fromMemorySegment(FLOATS, from, offset + 4L * at, ORDER)
                    .sub(mean);
            squares = centred.fma(centred, squares);
        }
        float scale = factor(squares, width, eps);
        for (int at = 0; at < width; at += LANES) {
            FloatVector normalized = FloatVector.fromMemorySegment(FLOATS, from, offset + 4L * at, ORDER)
                    .sub(mean)
                    .mul(scale);
            FloatVector.fromMemorySegment(FLOATS, factors, factor + 4L * at, ORDER)
                    .add(more)
                    .fma(normalized, FloatVector.fromMemorySegment(FLOATS, shifts, shift + 4L * at, ORDER))
                    .intoMemorySegment(to, offset + 4L * at, ORDER);
        }
    }

    private static void gatedRow(
            MemorySegment from,
            MemorySegment added,
            MemorySegment to,
            long offset,
            int width,
            MemorySegment gates,
            long gate) {
        for (int at = 0; at < width; at += LANES) {
            FloatVector.fromMemorySegment(FLOATS, added, offset + 4L * at, ORDER)
                    .fma(
                            FloatVector.fromMemorySegment(FLOATS, gates, gate + 4L * at, ORDER),
                            FloatVector.fromMemorySegment(FLOATS, from, offset + 4L * at, ORDER))
                    .intoMemorySegment(to, offset + 4L * at, ORDER);
        }
    }

    private static void rotateRow(
            MemorySegment from, MemorySegment to, long offset, int heads, int width, MemorySegment angles, long entry) {
        for (int channel = 0; channel < width; channel += LANES) {
            FloatVector units = FloatVector.fromMemorySegment(FLOATS, angles, entry + 4L * channel, ORDER);
            FloatVector cos = units.rearrange(REAL);
            FloatVector sin = units.rearrange(IMAGINARY).mul(SIGNS);
            for (int head = 0; head < heads; head++) {
                long at = offset + 4L * (head * width + channel);
                FloatVector pairs = FloatVector.fromMemorySegment(FLOATS, from, at, ORDER);
                pairs.mul(cos).add(pairs.rearrange(SWAPPED).mul(sin)).intoMemorySegment(to, at, ORDER);
            }
        }
    }
}
