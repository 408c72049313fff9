package io.arvid.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.PointerConsumer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/** Between Java arrays, native memory and tensors. Tensors made here are contiguous and on the current device ({@link Devices}); views of memory are on the CPU. */
public final class Tensors {
    private static final MemoryFormatOptional ANY_ORDER = TensorScope.own(new MemoryFormatOptional());

    private Tensors() {}

    /** Tensor of zeros. */
    public static Tensor zeros(DTypes type, long... shape) {
        return torch.zeros(shape, options(type));
    }

    /** Tensor of ones. */
    public static Tensor ones(DTypes type, long... shape) {
        return torch.ones(shape, options(type));
    }

    /** Tensor with {@code value} in every entry. */
    public static Tensor full(DTypes type, double value, long... shape) {
        return torch.full(shape, new Scalar(value), options(type));
    }

    /** Tensor of zeros with the shape and type of {@code tensor}. */
    public static Tensor zerosLike(Tensor tensor) {
        return zeros(DTypes.of(tensor), shape(tensor));
    }

    /** Tensor of ones with the shape and type of {@code tensor}. */
    public static Tensor onesLike(Tensor tensor) {
        return ones(DTypes.of(tensor), shape(tensor));
    }

    /** Tensor whose entries are undefined until written. */
    public static Tensor empty(DTypes type, long... shape) {
        return torch.empty(shape, options(type), ANY_ORDER);
    }

    /** {@code 0, 1, …, count − 1}. */
    public static Tensor arange(DTypes type, long count) {
        return torch.arange(new Scalar(count), options(type));
    }

    /** The identity matrix {@code [size, size]}. */
    public static Tensor identity(DTypes type, long size) {
        return torch.eye(size, options(type));
    }

    /** {@code count} values from {@code first} to {@code last} in equal steps. */
    public static Tensor linspace(DTypes type, double first, double last, long count) {
        return torch.linspace(new Scalar(first), new Scalar(last), count, options(type));
    }

    /** Copy of {@code values} in float32, shape {@code shape} (row-major). */
    public static Tensor of(float[] values, long... shape) {
        Tensor tensor = emptyOnCpu(DTypes.F32, shape);
        MemorySegment.copy(values, 0, memory(tensor), ValueLayout.JAVA_FLOAT, 0, values.length);
        return Devices.toCurrent(tensor);
    }

    /** Copy of {@code values} in float64, shape {@code shape} (row-major). */
    public static Tensor of(double[] values, long... shape) {
        Tensor tensor = emptyOnCpu(DTypes.F64, shape);
        MemorySegment.copy(values, 0, memory(tensor), ValueLayout.JAVA_DOUBLE, 0, values.length);
        return Devices.toCurrent(tensor);
    }

    /** Copy of {@code values} in int64, shape {@code shape} (row-major). */
    public static Tensor of(long[] values, long... shape) {
        Tensor tensor = emptyOnCpu(DTypes.I64, shape);
        MemorySegment.copy(values, 0, memory(tensor), ValueLayout.JAVA_LONG, 0, values.length);
        return Devices.toCurrent(tensor);
    }

    /** Copy of {@code values} in uint8, shape {@code shape} (row-major). */
    public static Tensor of(byte[] values, long... shape) {
        Tensor tensor = emptyOnCpu(DTypes.U8, shape);
        MemorySegment.copy(values, 0, memory(tensor), ValueLayout.JAVA_BYTE, 0, values.length);
        return Devices.toCurrent(tensor);
    }

    /**
     * A tensor over memory that it does not own; the memory must outlive it.
     *
     * @param memory at least as many bytes as the shape needs
     */
    public static Tensor view(MemorySegment memory, DTypes type, long... shape) {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= Math.max(shape[i], 1);
        }
        return view(memory, type, shape, strides);
    }

    /**
     * A strided tensor over memory that it does not own; the memory must outlive it.
     *
     * @param memory begins with the tensor's first element and reaches at least to its last
     * @param strides elements between neighbours along each dimension, not negative
     */
    public static Tensor view(MemorySegment memory, DTypes type, long[] shape, long[] strides) {
        long elements = 1;
        for (int i = 0; i < shape.length; i++) {
            elements = shape[i] == 0 ? 0 : elements + (shape[i] - 1) * strides[i];
            if (elements == 0) {
                break;
            }
        }
        if (elements * type.bytes() > memory.byteSize()) {
            throw new IllegalArgumentException(
                    "a view of " + elements * type.bytes() + " bytes over " + memory.byteSize() + " bytes");
        }
        Pointer pointer = new Address(memory.address());
        return torch.from_blob(
                pointer, shape, strides, (PointerConsumer) null, Devices.cpuOptions(type), new DeviceOptional());
    }

    /** The memory of a contiguous CPU tensor, valid as long as the tensor is. */
    public static MemorySegment memory(Tensor tensor) {
        if (!tensor.is_cpu()) {
            throw new IllegalArgumentException("the memory of a tensor on a GPU cannot be read in place");
        }
        if (!tensor.is_contiguous()) {
            throw new IllegalArgumentException("the memory of a tensor that is not contiguous has gaps");
        }
        if (tensor.numel() == 0) {
            return MemorySegment.NULL;
        }
        return MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(tensor.nbytes());
    }

    /** Entries in row-major order, converted to float32. */
    public static float[] toFloats(Tensor tensor) {
        try (TensorScope scope = TensorScope.open()) {
            return memory(Devices.onCpu(Ops.toF32(tensor.detach())).contiguous())
                    .toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    /** Entries in row-major order, converted to float64. */
    public static double[] toDoubles(Tensor tensor) {
        try (TensorScope scope = TensorScope.open()) {
            return memory(Devices.onCpu(Ops.toF64(tensor.detach())).contiguous())
                    .toArray(ValueLayout.JAVA_DOUBLE);
        }
    }

    /** Entries in row-major order, converted to int64. */
    public static long[] toLongs(Tensor tensor) {
        try (TensorScope scope = TensorScope.open()) {
            return memory(Devices.onCpu(Ops.to(tensor.detach(), DTypes.I64)).contiguous())
                    .toArray(ValueLayout.JAVA_LONG);
        }
    }

    /** Bytes of a contiguous copy in the tensor's own element type, row-major. */
    public static byte[] toBytes(Tensor tensor) {
        try (TensorScope scope = TensorScope.open()) {
            return memory(Devices.onCpu(tensor.detach()).contiguous()).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** The one entry of a tensor of one entry. */
    public static double item(Tensor tensor) {
        return toDoubles(tensor)[0];
    }

    /** True where no entry is infinite or no number. */
    public static boolean allFinite(Tensor tensor) {
        try (TensorScope scope = TensorScope.open()) {
            return tensor.isfinite().all().item_bool();
        }
    }

    /** Shape as an array. */
    public static long[] shape(Tensor tensor) {
        long[] shape = new long[(int) tensor.dim()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = tensor.size(i);
        }
        return shape;
    }

    static TensorOptions options(DTypes type) {
        return Devices.options(type);
    }

    private static Tensor emptyOnCpu(DTypes type, long... shape) {
        return torch.empty(shape, Devices.cpuOptions(type), ANY_ORDER);
    }

    /** A bare address as a JavaCPP pointer. */
    private static final class Address extends Pointer {
        Address(long address) {
            this.address = address;
        }
    }
}
