package io.arvid.quantize.gram;

import io.arvid.calibrate.Samples;
import io.arvid.model.RolloutStep;
import io.arvid.quantize.fake.FakeInput;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.Tensor;

/** Recorded inputs as a layer's input plans quantize them, those of its outlier channels by their own. */
public final class QuantizedInputs {
    private QuantizedInputs() {}

    /** x̂ {@code [N, tokens, in]} of {@code samples}, channels in the layer's own order. */
    static Tensor of(ScaledLayer layer, Samples samples) {
        return of(layer, samples.inputs(), (plan, x) -> quantized(plan, x, samples.steps()));
    }

    /** x̂ of {@code inputs} {@code [tokens, in]} that the layer sees in {@code step}. */
    public static Tensor of(ScaledLayer layer, RolloutStep step, Tensor inputs) {
        return of(layer, inputs, (plan, x) -> FakeInput.apply(plan, step, x));
    }

    private static Tensor of(ScaledLayer layer, Tensor inputs, BiFunction<InputPlan, Tensor, Tensor> quantizer) {
        Tensor x = layer.transform().input(inputs);
        ScaledLayer.Outliers outliers = layer.outliers();
        if (outliers == null) {
            return quantizer.apply(layer.input(), x);
        }
        Tensor normals = layer.normalColumns();
        Tensor result = Tensors.zerosLike(x);
        result.index_copy_(-1, normals, quantizer.apply(layer.input(), x.index_select(-1, normals)));
        Tensor ofOutliers = quantizer.apply(outliers.input(), x.index_select(-1, outliers.columns()));
        return result.index_copy_(-1, outliers.columns(), ofOutliers);
    }

    private static Tensor quantized(InputPlan plan, Tensor x, List<RolloutStep> steps) {
        if (!differsByPass(plan)) {
            return FakeInput.apply(plan, steps.getFirst(), x);
        }
        List<Tensor> samples = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            samples.add(FakeInput.apply(plan, steps.get(i), x.select(0, i)));
        }
        return Ops.stack(0, samples);
    }

    /** True where a pass alone says how its input is quantized: by its step, or by the range of all its tokens. */
    private static boolean differsByPass(InputPlan plan) {
        return plan instanceof InputPlan.Stepwise
                || plan instanceof InputPlan.Dynamic dynamic && dynamic.at() instanceof Granularity.PerTensor;
    }
}
