package io.arvid.tensor;

import io.arvid.tensor.onednn.Onednn;
import io.arvid.tensor.onednn.TiledAttention;
import java.util.List;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** Tensor algebra: libtorch's functions under the names and argument types that the rest of arvid uses. Results belong to the open scope. */
public final class Ops {
    private static final TensorOptional NO_TENSOR = TensorScope.own(new TensorOptional());
    private static final DoubleOptional NO_NUMBER = TensorScope.own(new DoubleOptional());
    /** Whole numbers up to this are exact in float32. */
    private static final long COUNTED_AT_ONCE = 1L << 24;

    private Ops() {}

    // ---- arithmetic with numbers

    /** {@code x + value}, elementwise. */
    public static Tensor add(Tensor x, double value) {
        return x.add(new Scalar(value));
    }

    /** {@code x · value}, elementwise. */
    public static Tensor mul(Tensor x, double value) {
        return x.mul(new Scalar(value));
    }

    /** {@code x / value}, elementwise. */
    public static Tensor div(Tensor x, double value) {
        return x.div(new Scalar(value));
    }

    /** {@code x ^ exponent}, elementwise. */
    public static Tensor pow(Tensor x, double exponent) {
        return x.pow(new Scalar(exponent));
    }

    /** {@code min(max(x, low), high)}, elementwise. */
    public static Tensor clamp(Tensor x, double low, double high) {
        return x.clamp(new ScalarOptional(new Scalar(low)), new ScalarOptional(new Scalar(high)));
    }

    /** {@code max(x, low)}, elementwise. */
    public static Tensor clampMin(Tensor x, double low) {
        return x.clamp(new ScalarOptional(new Scalar(low)), new ScalarOptional());
    }

    /** {@code min(max(x, low), high)}, elementwise, in place: returns x. */
    public static Tensor clamp_(Tensor x, double low, double high) {
        return x.clamp_(new ScalarOptional(new Scalar(low)), new ScalarOptional(new Scalar(high)));
    }

    /** {@code min(max(x, low), high)}, elementwise with broadcasting. */
    public static Tensor clamp(Tensor x, Tensor low, Tensor high) {
        return torch.clamp(x, new TensorOptional(low), new TensorOptional(high));
    }

    /** True where {@code x ≥ value}. */
    public static Tensor ge(Tensor x, double value) {
        return x.ge(new Scalar(value));
    }

    /** {@code x + value} in place: returns x. */
    public static Tensor add_(Tensor x, double value) {
        return x.add_(new Scalar(value));
    }

    /** {@code x · value} in place: returns x. */
    public static Tensor mul_(Tensor x, double value) {
        return x.mul_(new Scalar(value));
    }

    /** {@code x / value} in place: returns x. */
    public static Tensor div_(Tensor x, double value) {
        return x.div_(new Scalar(value));
    }

    /** {@code x + weight · (end − x)} in place: returns x. */
    public static Tensor lerp_(Tensor x, Tensor end, double weight) {
        return x.lerp_(end, new Scalar(weight));
    }

    /** {@code x + value · a · b} in place with broadcasting of a and b: returns x. */
    public static Tensor addcmul_(Tensor x, Tensor a, Tensor b, double value) {
        return x.addcmul_(a, b, new Scalar(value));
    }

    /** {@code x + value · a / b} in place with broadcasting of a and b: returns x. */
    public static Tensor addcdiv_(Tensor x, Tensor a, Tensor b, double value) {
        return x.addcdiv_(a, b, new Scalar(value));
    }

    /** Elementwise choice: {@code condition ? a : b}. */
    public static Tensor where(Tensor condition, Tensor a, Tensor b) {
        return torch.where(condition, a, b);
    }

    /** {@code x + a · b}, elementwise with broadcasting. */
    public static Tensor addcmul(Tensor x, Tensor a, Tensor b) {
        return torch.addcmul(x, a, b);
    }

    /** Pairs {@code [..., 2]} of float32 or float64 as complex numbers {@code [...]}: a view. */
    public static Tensor viewAsComplex(Tensor pairs) {
        return torch.view_as_complex(pairs);
    }

    /** Complex numbers {@code [...]} as pairs {@code [..., 2]}: a view. */
    public static Tensor viewAsReal(Tensor complex) {
        return torch.view_as_real(complex);
    }

    // ---- layers

    /** {@code a · b} of matrices, written over {@code result}. */
    public static Tensor mm(Tensor result, Tensor a, Tensor b) {
        return torch.mm_out(result, a, b);
    }

    /**
     * {@code x · weightᵀ + bias}; x {@code [..., in]}, weight {@code [out, in]}, bias {@code [out]} or null. Where the processor has no bfloat16 products, such
     * a layer is computed in float32: libtorch's own is several times slower there.
     */
    public static Tensor linear(Tensor x, Tensor weight, @Nullable Tensor bias) {
        if (isBf16OnCpu(x) && !Onednn.isFast(DTypes.BF16)) {
            return toTypeOf(linear(toF32(x), toF32(weight), bias == null ? null : toF32(bias)), x);
        }
        return bias == null ? torch.linear(x, weight) : torch.linear(x, weight, bias);
    }

    private static boolean isBf16OnCpu(Tensor x) {
        return DTypes.of(x) == DTypes.BF16 && x.is_cpu();
    }

    /** Layer normalization over the last dimension; weight and bias {@code [dim]} or both null. */
    public static Tensor layerNorm(Tensor x, @Nullable Tensor weight, @Nullable Tensor bias, double eps) {
        return torch.layer_norm(x, new long[] {x.size(-1)}, optional(weight), optional(bias), eps, true);
    }

    /** {@code x · rsqrt(mean(x²) + eps) · weight} over the last dimension; weight {@code [dim]} or null for 1. */
    public static Tensor rmsNorm(Tensor x, @Nullable Tensor weight, double eps) {
        return torch.rms_norm(x, new long[] {x.size(-1)}, optional(weight), new DoubleOptional(eps));
    }

    /** GELU with the error function. */
    public static Tensor gelu(Tensor x) {
        return torch.gelu(x);
    }

    /** GELU in its tanh approximation. */
    public static Tensor geluTanh(Tensor x) {
        return torch.gelu(x, "tanh");
    }

    /** {@code x · sigmoid(x)}. */
    public static Tensor silu(Tensor x) {
        return torch.silu(x);
    }

    /** {@code x · sigmoid(x)}, in place: returns x. */
    public static Tensor silu_(Tensor x) {
        torch.silu_(x); // hands back an alias that owns nothing
        return x;
    }

    /** Softmax along {@code dim}. */
    public static Tensor softmax(Tensor x, long dim) {
        return torch.softmax(x, dim);
    }

    /**
     * Softmax attention of q {@code [B, H, Lq, D]} over k, v {@code [B, H, Lk, D]}, scale 1/√D; mask broadcastable to {@code [B, H, Lq, Lk]} or null. bfloat16
     * on the CPU goes through tiles of oneDNN, and where those do not fit, as with gradients, through float32: libtorch's operator takes tens of times as long on
     * processors without AMX, and ten times as long backward on all.
     */
    public static Tensor attention(Tensor q, Tensor k, Tensor v, @Nullable Tensor mask) {
        if (isBf16OnCpu(q)) {
            if (mask == null && TiledAttention.takes(q, k, v)) {
                return TiledAttention.attend(q, k, v, null);
            }
            Tensor wideMask = mask == null || DTypes.of(mask) != DTypes.BF16 ? mask : toF32(mask);
            return toTypeOf(attention(toF32(q), toF32(k), toF32(v), wideMask), q);
        }
        return torch.scaled_dot_product_attention(q, k, v, optional(mask), 0.0, false, NO_NUMBER, false);
    }

    /** 2D convolution; x {@code [N, Cin, H, W]}, weight {@code [Cout, Cin, kh, kw]}. */
    public static Tensor conv2d(Tensor x, Tensor weight, @Nullable Tensor bias, long stride, long padding) {
        long[] ones = {1, 1};
        return torch.conv2d(
                x, weight, optional(bias), new long[] {stride, stride}, new long[] {padding, padding}, ones, 1);
    }

    /** 3D convolution without padding; x {@code [N, Cin, T, H, W]}, weight {@code [Cout, Cin, kt, kh, kw]}. */
    public static Tensor conv3d(Tensor x, Tensor weight, @Nullable Tensor bias, long... stride) {
        return torch.conv3d(x, weight, optional(bias), stride, new long[] {0, 0, 0}, new long[] {1, 1, 1}, 1);
    }

    /** 3D convolution with zero padding on both sides; stride and padding for time, height, width. */
    public static Tensor conv3d(Tensor x, Tensor weight, @Nullable Tensor bias, long[] stride, long[] padding) {
        return torch.conv3d(x, weight, optional(bias), stride, padding, new long[] {1, 1, 1}, 1);
    }

    /** Repeats every pixel {@code factor × factor} times; x {@code [N, C, H, W]}. */
    public static Tensor upsampleNearest(Tensor x, int factor) {
        return torch.upsample_nearest2d(x, new long[] {x.size(2) * factor, x.size(3) * factor});
    }

    /** Zero padding; pairs (before, after) from the last dimension backwards. */
    public static Tensor pad(Tensor x, long... beforeAndAfter) {
        return torch.pad(x, beforeAndAfter);
    }

    // ---- bits

    /** {@code x << bits}, elementwise; what leaves the element type is lost. */
    public static Tensor shiftLeft(Tensor x, int bits) {
        return x.bitwise_left_shift(new Scalar(bits));
    }

    /** {@code x >> bits}, elementwise. */
    public static Tensor shiftRight(Tensor x, int bits) {
        return x.bitwise_right_shift(new Scalar(bits));
    }

    /** {@code x & mask}, elementwise. */
    public static Tensor and(Tensor x, int mask) {
        return x.bitwise_and(new Scalar(mask));
    }

    /** The same bytes read as elements of {@code type}: a view, whose last dimension grows or shrinks with the size of an element. */
    public static Tensor reinterpret(Tensor x, DTypes type) {
        return x.view(type.torch());
    }

    // ---- shape

    /** Joins along {@code dim}. */
    public static Tensor cat(long dim, Tensor... parts) {
        return torch.cat(new TensorVector(parts), dim);
    }

    /** Joins along {@code dim}. */
    public static Tensor cat(long dim, List<Tensor> parts) {
        return cat(dim, parts.toArray(Tensor[]::new));
    }

    /** Joins along a new dimension {@code dim}. */
    public static Tensor stack(long dim, Tensor... parts) {
        return torch.stack(new TensorVector(parts), dim);
    }

    /** Joins along a new dimension {@code dim}. */
    public static Tensor stack(long dim, List<Tensor> parts) {
        return stack(dim, parts.toArray(Tensor[]::new));
    }

    /** {@code x[start : end]} along {@code dim}: a view. */
    public static Tensor slice(Tensor x, long dim, long start, long end) {
        return 0 <= start && start <= end && end <= x.size(dim)
                ? x.narrow(dim, start, end - start)
                : x.slice(dim, new LongOptional(start), new LongOptional(end), 1);
    }

    /** Every {@code step}-th entry along {@code dim}, from {@code start}: a view. */
    public static Tensor everyNth(Tensor x, long dim, long start, long step) {
        return x.slice(dim, new LongOptional(start), new LongOptional(), step);
    }

    /** Images {@code [N, C, H, W]} with channels innermost in memory; the shape stays. */
    public static Tensor channelsLast(Tensor images) {
        return images.contiguous(MemoryFormat.ChannelsLast);
    }

    /** A contiguous copy of {@code x} in memory of its own, without gradient. */
    public static Tensor copy(Tensor x) {
        return x.detach().clone(new MemoryFormatOptional(MemoryFormat.Contiguous));
    }

    /** Every entry repeated {@code times} times in a row along {@code dim}. */
    public static Tensor repeatInterleave(Tensor x, long times, long dim) {
        return torch.repeat_interleave(x, times, new LongOptional(dim), new LongOptional());
    }

    /** Copy of {@code x} in element type {@code type}, or {@code x} itself where it has that type. */
    public static Tensor to(Tensor x, DTypes type) {
        return x.to(type.torch());
    }

    /** Copy of {@code x} in the element type of {@code like}. */
    public static Tensor toTypeOf(Tensor x, Tensor like) {
        return x.to(like.scalar_type());
    }

    /** Copy of {@code x} in float32. */
    public static Tensor toF32(Tensor x) {
        return x.to(ScalarType.Float);
    }

    /** Copy of {@code x} in float32 with memory of its own, whatever its type. */
    public static Tensor copyF32(Tensor x) {
        return x.to(ScalarType.Float, false, true, new org.bytedeco.pytorch.MemoryFormatOptional());
    }

    /** Copy of {@code x} in float64. */
    public static Tensor toF64(Tensor x) {
        return x.to(ScalarType.Double);
    }

    // ---- reductions

    /** Mean over {@code dims}, which stay as size 1 where {@code keep}. */
    public static Tensor mean(Tensor x, boolean keep, long... dims) {
        return x.mean(dims, keep, new ScalarTypeOptional());
    }

    /** Sum over {@code dims}, which stay as size 1 where {@code keep}. */
    public static Tensor sum(Tensor x, boolean keep, long... dims) {
        return x.sum(dims, keep, new ScalarTypeOptional());
    }

    /** Euclidean norm over {@code dims}, which stay as size 1 where {@code keep}. */
    public static Tensor norm(Tensor x, boolean keep, long... dims) {
        return torch.norm(x, new ScalarOptional(new Scalar(2.0)), dims, keep);
    }

    /** Largest entry over {@code dims}, which stay as size 1 where {@code keep}. */
    public static Tensor amax(Tensor x, boolean keep, long... dims) {
        return torch.amax(x, dims, keep);
    }

    /** Smallest entry over {@code dims}, which stay as size 1 where {@code keep}. */
    public static Tensor amin(Tensor x, boolean keep, long... dims) {
        return torch.amin(x, dims, keep);
    }

    /** {@code x} over its length along {@code dim}; lengths below 1e-12 count as 1e-12 (PyTorch's {@code normalize}). */
    public static Tensor unitLength(Tensor x, long dim) {
        return x.div(clampMin(sum(x.square(), true, dim).sqrt(), 1e-12));
    }

    /** Euclidean norm along {@code dim}, which goes. */
    public static Tensor norm(Tensor x, long dim) {
        return torch.norm(x, new ScalarOptional(new Scalar(2)), new long[] {dim}, false);
    }

    /**
     * Quantiles {@code q} along {@code dim}, which stays as size 1, in a first dimension of their own; linear interpolation, rank and weight in the type of
     * float32 {@code x}, which is sorted once.
     */
    public static Tensor quantiles(Tensor x, float[] q, long dim) {
        return torch.quantile(x, Tensors.of(q, q.length), new LongOptional(dim), true, "linear");
    }

    /**
     * Counts of all entries of {@code x} in {@code bins} equal bins between {@code low} and {@code high}, in the type of {@code x}. libtorch counts in that
     * type, too, in which 2^24 and 1 are 2^24: so many entries are counted at a time, and the sums are in float64.
     */
    public static Tensor histogram(Tensor x, long bins, double low, double high) {
        Tensor entries = x.reshape(-1);
        Tensor counts = Tensors.zeros(DTypes.F64, bins);
        for (long start = 0; start < entries.numel(); start += COUNTED_AT_ONCE) {
            Tensor part = slice(entries, 0, start, Math.min(start + COUNTED_AT_ONCE, entries.numel()));
            counts.add_(toF64(torch.histc(part, bins, new Scalar(low), new Scalar(high))));
        }
        return toTypeOf(counts, x);
    }

    /** Index of the first entry of ascending {@code sorted} that is not below {@code value}, as a tensor of one int64. */
    public static Tensor searchSorted(Tensor sorted, double value) {
        return torch.searchsorted(sorted, new Scalar(value));
    }

    /** Entries in ascending order along {@code dim}. */
    public static Tensor sort(Tensor x, long dim) {
        return x.sort(dim, false).get0();
    }

    /** Index of the smallest entry along {@code dim}, the first of equals; int64. */
    public static Tensor argmin(Tensor x, long dim) {
        return x.argmin(new LongOptional(dim), false);
    }

    /** Binary cross-entropy of each entry, {@code logits} against {@code targets} in [0, 1] of the same shape. */
    public static Tensor binaryCrossEntropy(Tensor logits, Tensor targets) {
        return clampMin(logits, 0)
                .sub(logits.mul(targets))
                .add(add(mul(logits.abs(), -1).exp(), 1).log());
    }

    /** Mean squared difference, as a tensor of one entry. */
    public static Tensor meanSquaredError(Tensor a, Tensor b) {
        return torch.mse_loss(a, b);
    }

    static TensorOptional optional(@Nullable Tensor tensor) {
        return tensor == null ? NO_TENSOR : new TensorOptional(tensor);
    }
}
