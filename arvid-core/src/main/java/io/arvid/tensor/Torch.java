package io.arvid.tensor;

import java.util.function.Supplier;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.global.torch;

/** Process-wide settings of libtorch, and its errors in one readable line. */
public final class Torch {
    private Torch() {}

    /** Threads that one operation may use. Small operations on a busy machine are fastest with one. */
    public static void setThreads(int threads) {
        torch.set_num_threads(threads);
        // OpenBLAS has threads of its own, which spin while they wait.
        openblas_nolapack.blas_set_num_threads(threads);
    }

    /** Threads that one operation may use. */
    public static int threads() {
        return torch.get_num_threads();
    }

    /** Runs {@code body} without recording gradients on this thread. */
    public static <T> T withoutGradients(Supplier<T> body) {
        NoGradGuard guard = TensorScope.own(new NoGradGuard());
        try {
            return body.get();
        } finally {
            guard.close();
        }
    }

    /** What libtorch says went wrong, without its C++ stack frames: the text before "Exception raised from", in one line. */
    public static String message(RuntimeException error) {
        String text = String.valueOf(error.getMessage());
        int frames = text.indexOf("Exception raised from");
        return (frames < 0 ? text : text.substring(0, frames)).strip().replaceAll("\\s+", " ");
    }
}
