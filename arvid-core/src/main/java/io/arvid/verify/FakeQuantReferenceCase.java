package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** {@code fake_quant_reference}: PyTorch's fake quantization, per tensor and per channel, and its gradients. */
final class FakeQuantReferenceCase implements GoldenCase {
    @Override
    public void run(CaseFolder folder, CaseReport report) {
        for (Map.Entry<String, JsonNode> entry : folder.json().path("config").properties()) {
            new Setting(folder, entry.getKey(), entry.getValue()).compare(report);
        }
    }

    /** One grid with its scale and zero point, for a tensor or for each channel. */
    private record Setting(CaseFolder folder, String name, JsonNode config) {
        void compare(CaseReport report) {
            ReciprocalQuantizer quantizer = new ReciprocalQuantizer(
                    config.path("quant_min").asInt(), config.path("quant_max").asInt());
            Tolerance values = folder.tolerance("y");
            Tolerance inputs = folder.tolerance("grad_x");
            Tensor x = folder.tensor(name + "_x");
            report.expect(folder, name + "_y", quantizer.fake(x, scale(x), zero(x)), values);
            Tensor gradient = quantizer
                    .gradients(x, scale(x), zero(x), folder.tensor(name + "_upstream"))
                    .x();
            report.expect(folder, name + "_grad_x", gradient, inputs);
            if (folder.io().has(name + "_learnable_x")) {
                compareLearnable(report, quantizer, values, inputs);
            }
        }

        private void compareLearnable(
                CaseReport report, ReciprocalQuantizer quantizer, Tolerance values, Tolerance inputs) {
            String learnable = name + "_learnable";
            Tensor x = folder.tensor(learnable + "_x");
            Tensor upstream = folder.tensor(learnable + "_upstream");
            report.expect(folder, learnable + "_y", quantizer.fake(x, scale(x), zero(x)), values);
            ReciprocalQuantizer.Gradients gradients = quantizer.gradients(x, scale(x), zero(x), upstream);
            report.expect(folder, learnable + "_grad_x", gradients.x(), inputs);
            Tolerance sums = folder.tolerance("learnable_grad_*");
            report.expect(folder, learnable + "_grad_scale", summed(gradients.scale()), sums);
            report.expect(folder, learnable + "_grad_zero_point", summed(gradients.zero()), sums);
        }

        private boolean perChannel() {
            return config.has("axis");
        }

        private Tensor scale(Tensor x) {
            return perChannel()
                    ? alongAxis(folder.tensor(name + "_scale"), x)
                    : Tensors.of(new float[] {(float) config.path("scale").asDouble()}, 1);
        }

        private Tensor zero(Tensor x) {
            return perChannel()
                    ? alongAxis(Ops.toF32(folder.tensor(name + "_zero_point")), x)
                    : Tensors.of(new float[] {config.path("zero_point").asInt()}, 1);
        }

        private Tensor alongAxis(Tensor perChannel, Tensor x) {
            long[] shape = new long[(int) x.dim()];
            java.util.Arrays.fill(shape, 1);
            shape[config.path("axis").asInt()] = -1;
            return perChannel.reshape(shape);
        }

        private Tensor summed(Tensor perEntry) {
            Tensor sum = Ops.toF64(perEntry);
            for (int dim = (int) sum.dim() - 1; dim >= 0; dim--) {
                if (!perChannel() || dim != config.path("axis").asInt()) {
                    sum = Ops.sum(sum, false, dim);
                }
            }
            return Ops.mul(sum, config.path("learnable_grad_factor").asDouble());
        }
    }
}
