package io.arvid.kernel;

import io.arvid.model.RolloutStep;
import io.arvid.pack.PackedLayer;
import io.arvid.pack.TinyPlans;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Seeds;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Multiplies a few layers and prints the kernel that did it and a digest of their outputs, for {@link KernelIsaTest}. */
final class KernelProbe {
    private KernelProbe() {}

    public static void main(String[] arguments) {
        Kernel kernel = KernelCatalogue.BEST
                .choose(new KernelSpec(
                        io.arvid.quantize.scheme.IntGrid.symmetric(8),
                        new Granularity.PerChannel(),
                        List.of(TinyPlans.staticInput(8)),
                        false,
                        false))
                .kernel();
        System.out.println(kernel.id() + " " + digest(kernel) + " "
                + Kernel.ONEDNN.refusal().orElse(""));
    }

    /** A number that depends on every bit of the outputs; codes reach both ends of their grids. */
    static int digest(Kernel kernel) {
        Torch.setThreads(1);
        int digest = 1;
        try (TensorScope scope = TensorScope.open();
                Seeds seeds = new Seeds(1)) {
            Tensor x = Ops.mul(seeds.normal(20, 300), 3);
            Tensor weight = seeds.normal(70, 300);
            Tensor bias = seeds.normal(70);
            Granularity rows = new Granularity.PerChannel();
            for (LayerPlan plan : List.of(
                    TinyPlans.plain(weight, 8, true, rows, TinyPlans.staticInput(8)),
                    TinyPlans.plain(weight, 8, false, rows, TinyPlans.dynamic(8, true)),
                    TinyPlans.plain(weight, 4, false, rows, TinyPlans.staticInput(8)),
                    TinyPlans.dual(weight, 4, 3, TinyPlans.staticInput(8), TinyPlans.staticInput(6)))) {
                try (QuantGemm gemm = kernel.prepare(PackedLayer.of(plan), bias);
                        RoundedInput shared = new RoundedInput()) {
                    Tensor y = gemm.multiply(RolloutStep.wholeClip(1, 0), x, shared, Activation.NONE);
                    digest = 31 * digest + Arrays.hashCode(Tensors.toBytes(y));
                }
            }
        }
        return digest;
    }
}
