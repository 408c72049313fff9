package io.arvid.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.arvid.kernel.Kernel;
import io.arvid.kernel.KernelCatalogue;
import io.arvid.model.LinearSite;
import io.arvid.model.SiteForward;
import io.arvid.pack.PackedLayer;
import io.arvid.pack.TinyPlans;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.KvPlan;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class QuantizedModelTest {
    private static final String PROMPT = "a large red circle moving left quickly on a navy background";

    @BeforeAll
    static void oneThread() {
        Torch.setThreads(1);
    }

    /** The bundled model's folder, from arvid-core's. */
    private static Path bundled() {
        return Path.of("..", "models", "shapes");
    }

    private static QuantPlan plan(ModelFolder model, int bits) {
        try (TensorScope scope = TensorScope.open()) {
            LinkedHashMap<LinearSite, LayerPlan> layers = new LinkedHashMap<>();
            for (LinearSite site : model.transformer().sites()) {
                if (site.role().isInBlock()) {
                    layers.put(
                            site,
                            TinyPlans.plain(
                                    Ops.toF32(model.transformer().weight(site)),
                                    bits,
                                    false,
                                    new Granularity.PerChannel(),
                                    TinyPlans.dynamic(8, false)));
                }
            }
            return new QuantPlan("test", layers, new KvPlan.Full());
        }
    }

    @Test
    void aRolloutInIntegersIsTheEmulatedOneBitForBit() {
        try (ModelFolder model = ModelFolder.open(bundled());
                Generator generator = new Generator(model);
                TensorScope scope = TensorScope.open();
                QuantPlan plan = plan(model, 4);
                QuantizedModel emulated =
                        new QuantizedModel(model.transformer(), packed(plan), new KernelCatalogue(Kernel.EMULATED));
                QuantizedModel quantized =
                        new QuantizedModel(model.transformer(), packed(plan), KernelCatalogue.BEST)) {
            assertThat(Tensors.toBytes(latents(generator, quantized)))
                    .isEqualTo(Tensors.toBytes(latents(generator, emulated)));
            if (Kernel.ONEDNN.refusal().isEmpty()) {
                assertThat(quantized.kernels())
                        .isEqualTo(Map.of(Kernel.ONEDNN, plan.layers().size()));
                assertThat(quantized.bytes())
                        .isLessThan(plan.layers().keySet().stream()
                                        .mapToLong(LinearSite::weightCount)
                                        .sum()
                                * 3
                                / 4);
            }
        }
    }

    private static Map<LinearSite, PackedLayer> packed(QuantPlan plan) {
        Map<LinearSite, PackedLayer> packed = new LinkedHashMap<>();
        plan.layers().forEach((site, layer) -> packed.put(site, PackedLayer.of(layer)));
        return packed;
    }

    private static Tensor latents(Generator generator, SiteForward sites) {
        return generator.latents(PROMPT, 1, sites);
    }
}
