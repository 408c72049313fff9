package io.arvid.tensor;

import java.io.Serial;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/**
 * Where tensors live: {@code cpu}, {@code cuda} or {@code cuda:n}. One device computes at a time: new tensors are made on the {@link #current} one, weights
 * are brought to it with {@link #toCurrent}, and what Java reads comes back to the CPU by itself ({@link Tensors#toFloats} and its like). Noise is drawn on
 * the CPU whatever the device, so that a seed means the same video.
 *
 * @param isCuda false for the CPU
 * @param index which GPU
 */
public record Devices(boolean isCuda, int index) {
    /** The processor. */
    public static final Devices CPU = new Devices(false, 0);

    private static final Map<DTypes, TensorOptions> CPU_OPTIONS = new ConcurrentHashMap<>();
    private static volatile Devices current = CPU;

    /** A device that is not there, or that this build of libtorch cannot use. */
    public static final class MissingDeviceException extends RuntimeException {
        @Serial
        private static final long serialVersionUID = 1;

        MissingDeviceException(String message) {
            super(message);
        }
    }

    /** The device called {@code name}; {@code IllegalArgumentException} where that is no name of one. */
    public static Devices of(String name) {
        if (name.equals("cpu")) {
            return CPU;
        }
        if (!name.matches("cuda(:[0-9]{1,3})?")) {
            throw new IllegalArgumentException("no device '" + name + "'; there are cpu, cuda and cuda:0, cuda:1, …");
        }
        return new Devices(true, name.length() > 5 ? Integer.parseInt(name.substring(5)) : 0);
    }

    /**
     * Computes on {@code device} from now on.
     *
     * @throws MissingDeviceException in one line that says what to install
     */
    public static void use(Devices device) {
        if (device.isCuda && !Torch.hasCuda()) {
            throw new MissingDeviceException(
                    "device " + device + " cannot be used: "
                            + (Torch.isBuiltForCuda()
                                    ? "libtorch was built for CUDA but finds no GPU; install the NVIDIA driver (nvidia-smi must list the GPU)"
                                    : "this build holds libtorch for the CPU only; build with 'mvn -Pcuda package' on Linux x86-64 (see docs/gpu.md)"));
        }
        if (device.isCuda && device.index >= torch.cuda_device_count()) {
            throw new MissingDeviceException(
                    "device " + device + " cannot be used: libtorch finds " + torch.cuda_device_count() + " GPUs");
        }
        current = device;
    }

    /** The device that computes. */
    public static Devices current() {
        return current;
    }

    /** {@code tensor} on the current device: itself where it is there. */
    public static Tensor toCurrent(Tensor tensor) {
        Devices device = current;
        return device.isCuda ? tensor.to(device.torch(), tensor.scalar_type()) : onCpu(tensor);
    }

    /** {@code tensor} in the processor's memory: itself where it is there. */
    static Tensor onCpu(Tensor tensor) {
        return tensor.is_cpu() ? tensor : tensor.cpu();
    }

    /** Options for new tensors of {@code type} on the current device. */
    static TensorOptions options(DTypes type) {
        TensorOptions options = cpuOptions(type);
        Devices device = current;
        return device.isCuda ? options.device(new org.bytedeco.pytorch.DeviceOptional(device.torch())) : options;
    }

    /** Options for new tensors of {@code type} on the processor; made once. */
    static TensorOptions cpuOptions(DTypes type) {
        return CPU_OPTIONS.computeIfAbsent(type, t -> TensorScope.own(new TensorOptions(t.torch())));
    }

    private Device torch() {
        return new Device(toString());
    }

    @Override
    public String toString() {
        return isCuda ? "cuda:" + index : "cpu";
    }
}
