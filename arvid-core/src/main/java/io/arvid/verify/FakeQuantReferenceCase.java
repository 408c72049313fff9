package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * {@code fake_quant_reference}: PyTorch's fake quantization, per tensor and per channel, and its gradients. Values are those of {@link AffineQuantizer},
 * which methods use, but for ties, and those of {@link ReciprocalQuantizer} at ties as well.
 */
final class FakeQuantReferenceCase implements GoldenCase {
    /** Share of a step within which a value counts as a tie: a quotient and the product with the reciprocal differ by less. */
    private static final double TIE = 1e-4;

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
            compareDivided(report, name + "_y", x);
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
            compareDivided(report, learnable + "_y", x);
            ReciprocalQuantizer.Gradients gradients = quantizer.gradients(x, scale(x), zero(x), upstream);
            report.expect(folder, learnable + "_grad_x", gradients.x(), inputs);
            Tolerance sums = folder.tolerance("learnable_grad_*");
            report.expect(folder, learnable + "_grad_scale", summed(gradients.scale()), sums);
            report.expect(folder, learnable + "_grad_zero_point", summed(gradients.zero()), sums);
        }

        /** The same values from a division by the scale; a tie may be rounded to the other of its two neighbours. */
        private void compareDivided(CaseReport report, String expectedName, Tensor x) {
            Tensor expected = folder.tensor(expectedName);
            Tensor scale = scale(x);
            Tensor own = AffineQuantizer.fake(x, grid(), scale, zero(x));
            Tensor steps = x.div(scale);
            Tensor fromTie = Ops.add(steps.sub(steps.floor()), -0.5).abs();
            Tensor excused = fromTie.lt(Tensors.full(DTypes.F32, TIE, 1))
                    .logical_and(own.sub(expected).abs().le(Ops.mul(scale, 1 + TIE)));
            report.expect(expectedName + " by division", Ops.where(excused, expected, own), expected, Tolerance.EXACT);
        }

        private IntGrid grid() {
            int lowest = config.path("quant_min").asInt();
            int codes = config.path("quant_max").asInt() - lowest + 1;
            return new IntGrid(Integer.numberOfTrailingZeros(codes), lowest < 0);
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
