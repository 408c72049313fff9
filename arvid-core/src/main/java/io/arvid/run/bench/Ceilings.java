package io.arvid.run.bench;

import io.arvid.kernel.Activation;
import io.arvid.kernel.KernelCatalogue;
import io.arvid.kernel.QuantGemm;
import io.arvid.kernel.SharedInput;
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
    private static final int SIZE = 2048;
    private static final long COPIED = 256L << 20;

    /** Measures. */
    static Ceilings measure(ByTurns clock, Progress.Stage stage) {
        try (TensorScope scope = TensorScope.open();
                SharedInput shared = new SharedInput()) {
            Tensor x = RandomLayers.activations(SIZE, SIZE);
            Tensor weight = Ops.mul(RandomLayers.activations(SIZE, SIZE), 1 / Math.sqrt(SIZE));
            Tensor bias = Tensors.zeros(DTypes.F32, SIZE);
            Tensor source = Tensors.ones(DTypes.U8, COPIED);
            Tensor target = Tensors.zeros(DTypes.U8, COPIED);
            RolloutStep step = RolloutStep.wholeClip(1, 0);
            try (QuantGemm gemm = KernelCatalogue.BEST.prepare(RandomLayers.packed(SIZE, SIZE, 8), bias)) {
                gemm.multiply(step, x, shared, Activation.NONE);
                Map<String, Runnable> contestants = new LinkedHashMap<>();
                contestants.put("bf16", () -> Ops.linear(x, weight, null));
                contestants.put("int8", () -> gemm.multiply(step, x, shared, Activation.NONE));
                contestants.put("copy", () -> target.copy_(source));
                Map<String, ByTurns.Millis> times = clock.time(contestants, stage);
                double flops = 2.0 * SIZE * SIZE * SIZE;
                return new Ceilings(
                        flops / times.get("bf16").fastest() / 1e6,
                        flops / times.get("int8").fastest() / 1e6,
                        2.0 * COPIED / times.get("copy").fastest() / 1e6);
            }
        }
    }
}
