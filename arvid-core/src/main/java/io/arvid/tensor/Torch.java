package io.arvid.tensor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.Context;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.global.torch;

/** Process-wide settings of libtorch, and its errors in one readable line. */
public final class Torch {
    private Torch() {}

    /**
     * Threads that one operation may use, in libtorch's own loops and in the BLAS library that it calls, which spins while it waits. Small operations
     * on a busy machine are fastest with one.
     */
    public static void setThreads(int threads) {
        loaded(() -> {
            torch.set_num_threads(threads);
            return threads;
        });
        openblas_nolapack.blas_set_num_threads(threads);
    }

    /** Threads that one operation may use. */
    public static int threads() {
        return torch.get_num_threads();
    }

    /** Version of libtorch and of its Java presets, such as {@code 2.10.0-1.5.13}. */
    public static String version() {
        try {
            return String.valueOf(Loader.getVersion("org.bytedeco", "pytorch"));
        } catch (IOException e) {
            throw new UncheckedIOException("the version of libtorch cannot be read: " + e.getMessage(), e);
        }
    }

    /** The instruction set that libtorch's own loops use here: {@code DEFAULT}, {@code AVX2} or {@code AVX512}. */
    public static String cpuCapability() {
        return loaded(() -> torch.get_cpu_capability().getString());
    }

    /** True where libtorch was built for CUDA and a device answers. */
    public static boolean hasCuda() {
        return loaded(torch::cuda_is_available);
    }

    /** True where this libtorch was built for CUDA, whether or not a GPU is there. */
    public static boolean isBuiltForCuda() {
        return loaded(() -> Context.hasCUDA() || torch.hasCUDA());
    }

    /**
     * What {@code first} gives, which may be the first to need the library.
     *
     * @throws Devices.MissingDeviceException in one line that says what to install, where the library cannot be loaded
     */
    private static <T> T loaded(Supplier<T> first) {
        try {
            return first.get();
        } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            String reason = String.valueOf(cause.getMessage()).strip().replaceAll("\\s+", " ");
            boolean cuda = Torch.class.getResource("/org/bytedeco/pytorch/linux-x86_64-gpu") != null;
            throw new Devices.MissingDeviceException("libtorch cannot be loaded (" + reason + "); "
                    + (cuda
                            ? "this build needs CUDA 13, cuDNN 9 and NCCL 2: install them, or set ARVID_CUDA=redist, or build without -Pcuda (see docs/gpu.md)"
                            : "this build has no libtorch for " + System.getProperty("os.name") + " on "
                                    + System.getProperty("os.arch") + ", or a library of the system is missing"));
        }
    }

    /**
     * Treats numbers too small for a normalized float as zero on this thread. They carry no information in training, where moments of silent weights
     * decay towards zero, and make arithmetic many times slower.
     */
    public static void flushDenormals() {
        Context.setFlushDenormal(true);
    }

    /** True where operations on this thread record gradients. */
    public static boolean recordsGradients() {
        return GradMode.is_enabled();
    }

    /** Runs {@code body} without recording gradients on this thread. */
    public static <T> T withoutGradients(Supplier<T> body) {
        boolean recording = GradMode.is_enabled();
        GradMode.set_enabled(false);
        try {
            return body.get();
        } finally {
            GradMode.set_enabled(recording);
        }
    }

    /** Runs {@code body} and records gradients on this thread. */
    public static <T> T withGradients(Supplier<T> body) {
        boolean recording = GradMode.is_enabled();
        GradMode.set_enabled(true);
        try {
            return body.get();
        } finally {
            GradMode.set_enabled(recording);
        }
    }

    /** What libtorch says went wrong, without its C++ stack frames: the text before "Exception raised from", in one line. */
    public static String message(RuntimeException error) {
        String text = String.valueOf(error.getMessage());
        int frames = text.indexOf("Exception raised from");
        return (frames < 0 ? text : text.substring(0, frames)).strip().replaceAll("\\s+", " ");
    }
}
