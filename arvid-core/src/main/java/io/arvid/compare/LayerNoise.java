package io.arvid.compare;

import io.arvid.calibrate.ActivationTape;
import io.arvid.calibrate.InputTap;
import io.arvid.calibrate.Samples;
import io.arvid.model.CausalVideoModel;
import io.arvid.quantize.QuantContext;
import io.arvid.quantize.fake.FakeQuantLayer;
import io.arvid.quantize.scheme.QuantPlan;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Signal-to-quantization-noise ratio of each layer's output, {@code 10 log₁₀ (‖y‖² / ‖y − ŷ‖²)}, on the inputs of one full-precision roll-out. */
final class LayerNoise {
    private static final int TOKENS_PER_SAMPLE = 64;

    private LayerNoise() {}

    /** Decibels by layer, on calibration prompt 0. */
    static Map<String, Double> decibels(QuantContext context, QuantPlan plan) {
        CausalVideoModel model = context.model();
        Map<String, Double> decibels = new LinkedHashMap<>();
        try (TensorScope scope = TensorScope.open();
                ActivationTape tape = new ActivationTape(plan.layers()::containsKey, TOKENS_PER_SAMPLE, 0)) {
            context.rollouts().latents(0, new InputTap(model.fullPrecision(), tape));
            plan.layers().forEach((site, layer) -> {
                try (TensorScope each = TensorScope.open();
                        FakeQuantLayer quantized = new FakeQuantLayer(layer, model.bias(site))) {
                    Samples samples = tape.samples(site);
                    Tensor expected = samples.outputs(model.weight(site), model.bias(site));
                    double signal = 0;
                    double noise = 0;
                    for (int i = 0; i < samples.count(); i++) {
                        Tensor y = expected.select(0, i);
                        Tensor error = quantized
                                .apply(samples.steps().get(i), samples.inputs().select(0, i))
                                .sub(y);
                        signal += Tensors.item(Ops.toF64(y).square().sum());
                        noise += Tensors.item(Ops.toF64(error).square().sum());
                    }
                    decibels.put(site.name(), 10 * Math.log10(signal / noise));
                }
            });
        }
        return decibels;
    }
}
