package io.arvid.tensor.onednn;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.FloatLanes;
import io.arvid.tensor.MappedFiles;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.ref.Reference;
import org.bytedeco.pytorch.Tensor;

/**
 * A linear layer in float32 or bfloat16 with a copy of its weights in oneDNN's own order: libtorch brings them into such an order at every product, which
 * takes as long as the product itself where the input has few rows.
 */
public final class PackedLinear {
    private static final long ALIGNMENT = 64;
    private static final int GELU_PART = 1 << 16;

    private final Onednn onednn;
    private final DTypes type;
    private final int inFeatures;
    private final int outFeatures;
    private final Tensor weight;
    private final Tensor bias;
    private final MemorySegment blocked;
    private final long version;

    /**
     * A copy of {@code weight [out, in]} in {@code memory} beside {@code bias [out]}, for which {@link #fits} holds and which must outlive it. The pages of a
     * weight in a mapped file are given back.
     */
    public PackedLinear(Onednn onednn, Tensor weight, Tensor bias, SegmentAllocator memory) {
        this.onednn = onednn;
        this.type = DTypes.of(weight);
        this.inFeatures = Math.toIntExact(weight.size(1));
        this.outFeatures = Math.toIntExact(weight.size(0));
        this.weight = weight;
        this.bias = bias;
        WeightLayout layout = onednn.weightLayout(type, inFeatures, outFeatures);
        this.blocked = memory.allocate(layout.bytes(), ALIGNMENT);
        this.version = weight._version();
        layout.block(weight.data_ptr().address(), blocked.address(), onednn);
        MappedFiles.giveBack(weight);
    }

    /** True where a layer can be packed: of one type that {@code onednn} multiplies, on the CPU, without gaps, not being trained. */
    public static boolean fits(Onednn onednn, Tensor weight, Tensor bias) {
        DTypes type = DTypes.of(weight);
        return onednn.multiplies(type)
                && DTypes.of(bias) == type
                && weight.is_cpu()
                && bias.is_cpu()
                && weight.is_contiguous()
                && bias.is_contiguous()
                && !weight.requires_grad();
    }

    /** True as long as the weight, of which this is a copy, was not written to. */
    public boolean isCurrent() {
        return weight._version() == version && !weight.requires_grad();
    }

    /** True where {@link #multiply} can take {@code input}: the weight's type, on the CPU, some rows, no gradient to be recorded. */
    public boolean takes(Tensor input) {
        return DTypes.of(input) == type
                && input.is_cpu()
                && input.numel() > 0
                && !(Torch.recordsGradients() && (input.requires_grad() || bias.requires_grad()));
    }

    /**
     * {@code input · weightᵀ + bias}, and GELU (tanh) of it where {@code gelu}.
     *
     * @param input {@code [..., in]}
     * @return {@code [..., out]}
     */
    public Tensor multiply(Tensor input, boolean gelu) {
        long[] shape = Tensors.shape(input);
        shape[shape.length - 1] = outFeatures;
        Tensor output = Tensors.empty(type, shape);
        Tensor rows = input.is_contiguous() ? input : input.contiguous();
        int count = Math.toIntExact(input.numel() / inFeatures);
        // oneDNN's function of a bfloat16 product takes several times as long as a pass of ours over it.
        boolean after = gelu && type == DTypes.BF16 && FloatLanes.ARE_WIDE && output.numel() % FloatLanes.COUNT == 0;
        onednn.matmul(new Matmul.Key(type, type, count, inFeatures, outFeatures, outFeatures, true, gelu && !after))
                .run(
                        rows.data_ptr().address(),
                        blocked.address(),
                        0,
                        bias.data_ptr().address(),
                        output.data_ptr().address());
        if (after) {
            gelu(output.data_ptr().address(), output.numel());
        }
        Reference.reachabilityFence(this);
        Reference.reachabilityFence(rows);
        Reference.reachabilityFence(output);
        return output;
    }

    private static void gelu(long y, long count) {
        RowTeam.run((int) Math.ceilDiv(count, GELU_PART), part -> {
            long from = (long) part * GELU_PART;
            geluPart(y + 2 * from, Math.min(GELU_PART, count - from));
        });
    }

    private static void geluPart(long y, long count) {
        for (long i = 0; i < count; i += FloatLanes.COUNT) {
            FloatLanes.storeBf16(FloatLanes.gelu(FloatLanes.loadBf16(y + 2 * i)), y + 2 * i);
        }
    }
}
