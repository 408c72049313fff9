package io.arvid.bench;

import io.arvid.quantize.adaround.FusedReconstruction;
import io.arvid.quantize.adaround.LayerReconstruction;
import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fit.PercentileInputFit;
import io.arvid.quantize.fit.PercentileWeightFit;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;

/**
 * Times iterations of layer reconstruction, the plain loop and the fused one in turn, on layers of the bundled model's shapes: 35 samples of 48 tokens,
 * batches of 8, one thread, processor time.
 */
public final class ReconstructionBench {
    private static final int[][] SHAPES = {{192, 192}, {768, 192}, {192, 768}};

    private ReconstructionBench() {}

    /** Runs it; the argument is the number of timed iterations. */
    public static void main(String[] args) {
        int iterations = args.length == 0 ? 200 : Integer.parseInt(args[0]);
        Torch.setThreads(1);
        for (int round = 0; round < 3; round++) {
            for (int[] shape : SHAPES) {
                Torch.withoutGradients(() -> {
                    TensorScope.runAndFree(() -> time(shape[0], shape[1], iterations));
                    return 0;
                });
            }
        }
    }

    private static void time(int out, int in, int iterations) {
        try (Seeds seeds = new Seeds(1)) {
            Tensor weight = Ops.mul(seeds.normal(out, in), 0.05);
            Tensor inputs = seeds.normal(35, 48, in);
            Tensor ones = Tensors.ones(DTypes.F32, 35);
            InputPlan plan = new PercentileInputFit().fit(inputs, ones, IntGrid.asymmetric(8));
            ScaledLayer layer = ScaledLayer.of(
                            weight,
                            new WeightRule(IntGrid.asymmetric(4), new Granularity.PerChannel()),
                            new PercentileWeightFit())
                    .withInputs(plan, plan);
            ReconstructionSettings settings = new ReconstructionSettings(iterations, 8, 2e-3, 4e-5, 0.01, 0.2, 20, 2);
            ReconstructionSettings.Extras extras = new ReconstructionSettings.Extras(true, true);
            Tensor targets = inputs.matmul(weight.t());
            Tensor bias = Tensors.zeros(DTypes.F32, out);
            try (LayerReconstruction plain =
                            new LayerReconstruction(layer, settings, extras, inputs, targets, ones, bias);
                    FusedReconstruction fused =
                            new FusedReconstruction(layer, settings, extras, inputs, targets, ones, bias)) {
                double plainMillis = millis(() -> plain.run(seeds));
                double fusedMillis = millis(() -> fused.run(seeds));
                System.out.printf(
                        Locale.ROOT,
                        "{\"out\": %d, \"in\": %d, \"plain_ms\": %.3f, \"fused_ms\": %.3f, \"ratio\": %.2f}%n",
                        out,
                        in,
                        plainMillis / iterations,
                        fusedMillis / iterations,
                        plainMillis / fusedMillis);
            }
        }
    }

    /** Processor time of this thread. */
    private static double millis(Runnable work) {
        var threads = ManagementFactory.getThreadMXBean();
        long start = threads.getCurrentThreadCpuTime();
        work.run();
        return (threads.getCurrentThreadCpuTime() - start) / 1e6;
    }
}
