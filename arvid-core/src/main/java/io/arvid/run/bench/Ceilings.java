package io.arvid.run.bench;

import io.arvid.kernel.Activation;
import io.arvid.kernel.KernelCatalogue;
import io.arvid.kernel.QuantGemm;
import io.arvid.kernel.RoundedInput;
import io.arvid.model.RolloutStep;
import io.arvid.record.Progress;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * What this machine was measured to do at best.
 *
 * @param bf16Gigaflops a square product of bfloat16 matrices by libtorch
 * @param int8Gigaflops the same size in bytes, rounding of the input not included
 * @param copyGigabytes bytes read and written a second by a large copy
 */
public record Ceilings(double bf16Gigaflops, double int8Gigaflops, double copyGigabytes) {
    private static final int LARGEST_SIZE = 2048;
    private static final long BYTES_COPIED_A_VALUE = 64;

    /** Measures with products as large as twice the width of the model, 2048 at most, and copies of 64 bytes for each value of such a matrix. */
    static Ceilings measure(BenchSettings settings, ByTurns clock, Progress.Stage stage) {
        int size = Math.min(LARGEST_SIZE, 2 * settings.config().dim());
        long copied = BYTES_COPIED_A_VALUE * size * size;
        try (TensorScope scope = TensorScope.open();
                RoundedInput shared = new RoundedInput()) {
            Tensor x = RandomLayers.activations(size, size);
            Tensor weight = Ops.mul(RandomLayers.activations(size, size), 1 / Math.sqrt(size));
            Tensor bias = Tensors.zeros(DTypes.F32, size);
            Tensor source = Tensors.ones(DTypes.U8, copied);
            Tensor target = Tensors.zeros(DTypes.U8, copied);
            RolloutStep step = RolloutStep.wholeClip(1, 0);
            try (QuantGemm gemm = KernelCatalogue.BEST.prepare(RandomLayers.packed(size, size, 8), bias)) {
                gemm.multiply(step, x, shared, Activation.NONE);
                Map<String, Runnable> contestants = new LinkedHashMap<>();
                contestants.put("bf16", () -> Ops.linear(x, weight, null));
                contestants.put("int8", () -> gemm.multiply(step, x, shared, Activation.NONE));
                contestants.put("copy", () -> target.copy_(source));
                Map<String, ByTurns.Millis> times = clock.time(contestants, stage);
                double flops = 2.0 * size * size * size;
                return new Ceilings(
                        flops / times.get("bf16").fastest() / 1e6,
                        flops / times.get("int8").fastest() / 1e6,
                        2.0 * copied / times.get("copy").fastest() / 1e6);
            }
        }
    }
}
