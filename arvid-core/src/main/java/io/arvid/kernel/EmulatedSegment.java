package io.arvid.kernel;

import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.lang.foreign.MemorySegment;
import org.bytedeco.pytorch.Tensor;

/** The plain twin of {@link OnednnSegment}: codes are multiplied in float64, where sums of integers below 2⁵³ are exact. */
final class EmulatedSegment extends WeightSegment {
    private final Tensor codes;

    EmulatedSegment(Codes codes) {
        super(codes);
        this.codes = TensorScope.own(Ops.copy(take(codes, new Slice(0, codes.outFeatures()))));
    }

    @Override
    void forEachSlice(SliceTask task) {
        task.run(new Slice(0, Math.toIntExact(codes.size(0))), 0);
    }

    @Override
    void multiply(Slice slice, long weights, long a, int rows, long scales, long offsets, Target y) {
        TensorScope.runAndFree(() -> {
            Tensor input = Ops.toF64(view(a, DTypes.U8, rows, columns()));
            Tensor sums = Ops.toF32(input.matmul(Ops.toF64(codes).t()));
            Tensor scaled = sums.mul(view(scales, DTypes.F32, slice.count()));
            Tensor result = offsets == 0 ? scaled : scaled.add(view(offsets, DTypes.F32, slice.count()));
            DTypes type = y.bf16() ? DTypes.BF16 : DTypes.F32;
            long values = (long) (rows - 1) * y.rowStride() + slice.count();
            Tensors.view(
                            memory(y.address(), values * type.bytes()),
                            type,
                            new long[] {rows, slice.count()},
                            new long[] {y.rowStride(), 1})
                    .copy_(result);
        });
    }

    private static Tensor view(long address, DTypes type, long... shape) {
        long values = 1;
        for (long size : shape) {
            values *= size;
        }
        return Tensors.view(memory(address, values * type.bytes()), type, shape);
    }

    private static MemorySegment memory(long address, long bytes) {
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    @Override
    long codeBytes() {
        return codes.nbytes();
    }

    @Override
    public void close() {
        codes.close();
        super.close();
    }
}
