package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.quantize.qvgen.AuxiliaryModule;
import io.arvid.quantize.qvgen.ClippedDynamicInput;
import io.arvid.quantize.qvgen.Follow;
import io.arvid.quantize.qvgen.LsqWeight;
import io.arvid.quantize.qvgen.QuantizedStart;
import io.arvid.quantize.qvgen.RankSchedule;
import io.arvid.quantize.qvgen.StraightThrough;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Gradients;
import io.arvid.tensor.LinearAlgebra;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import io.arvid.tensor.Torch;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** {@code qvgen_auxiliary}: Φ from the quantization error, its forward pass and gradients, the rank schedule and the re-sorting between phases. */
final class AuxiliaryModuleCase implements GoldenCase {
    private static final Tolerance PAIRS = Tolerance.relative(1e-5);
    private static final Tolerance PRODUCT = Tolerance.absolute(1e-4);
    private static final Tolerance FORWARD = Tolerance.absolute(1e-3);
    private static final Tolerance NORMS = Tolerance.relative(1e-3);
    private static final Tolerance GRADIENT = new Tolerance(1e-5, 1e-3, 0.005);
    private static final double SMALLEST_STEP = 1e-9;
    private static final double CODE_RATIO = 0.95;

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        JsonNode config = folder.json().path("config");
        IntGrid grid = IntGrid.asymmetric(config.path("weight_bits").asInt());
        int rank = config.path("rank").asInt();
        RankSchedule schedule = new RankSchedule(
                rank,
                config.path("phase_length").asLong(),
                config.path("warm_up").asLong(),
                RankSchedule.Decay.COSINE);
        start(folder, report, grid, rank, config.path("init_iterations").asInt());
        table(folder, report, schedule);
        for (JsonNode rule : folder.json().path("resume_rule")) {
            long step = rule.path("global_step").asLong();
            report.expect(
                    "rank resumed at " + step,
                    schedule.rank(step - 1),
                    rule.path("rank").asInt(),
                    Tolerance.EXACT);
        }
        Torch.withGradients(() -> {
            for (JsonNode step : folder.json().path("recorded_steps")) {
                step(folder, report, grid, schedule, step.asLong());
            }
            return report;
        });
        for (int phase = 0; folder.io().has("phase" + phase + "_step"); phase++) {
            boundary(folder, report, schedule, "phase" + phase);
        }
    }

    private static void start(CaseFolder folder, CaseReport report, IntGrid grid, int rank, int iterations) {
        Tensor weight = folder.tensor("weight");
        QuantizedStart start = QuantizedStart.of(weight, grid, rank, iterations, Follow.CODE);
        report.expect(folder, "init_scale", start.pairs().scales(), PAIRS);
        report.expect(folder, "init_zero_point", start.pairs().zeros(), PAIRS);
        Tensor fake = LsqWeight.of(grid)
                .fake(weight, start.pairs().scales(), start.pairs().zeros());
        report.expect(folder, "init_quantized_weight", fake, new Tolerance(1e-5, 0, 0.005));
        report.expect(
                folder,
                "init_product",
                start.module().left().matmul(start.module().right()),
                PRODUCT);
        Tensor values = LinearAlgebra.singularValues(Ops.toF64(weight.sub(fake)));
        report.expect(folder, "init_error_singular_values", values, new Tolerance(1e-5, 1e-4));
        JsonNode errors = folder.json().path("init");
        report.expect(
                "weight error with the module",
                start.error(weight, grid),
                errors.path("weight_error_with").asDouble(),
                Tolerance.relative(1e-3));
        report.expect(
                "weight error without",
                Tensors.item(Ops.mean(weight.sub(fake).square().flatten(), false, 0)),
                errors.path("weight_error_without").asDouble(),
                Tolerance.relative(1e-3));
    }

    private static void table(CaseFolder folder, CaseReport report, RankSchedule schedule) {
        double[] expected = Tensors.toDoubles(folder.tensor("schedule"));
        int width = 3 + schedule.initialRank();
        double[] found = new double[expected.length];
        for (int row = 0; row < expected.length / width; row++) {
            long step = (long) expected[row * width];
            int rank = schedule.rank(step);
            found[row * width] = step;
            found[row * width + 1] = rank;
            found[row * width + 2] = rank > 0 ? 1 : 0;
            System.arraycopy(schedule.gamma(step), 0, found, row * width + 3, schedule.initialRank());
        }
        report.expect("schedule", found, expected, Tolerance.absolute(1e-9));
    }

    private static void step(CaseFolder folder, CaseReport report, IntGrid grid, RankSchedule schedule, long step) {
        String name = "step" + step;
        LsqWeight quantizer = LsqWeight.of(grid);
        Tensor weight = Gradients.leaf(folder.tensor("weight"));
        Tensor scale = Gradients.leaf(folder.tensor("init_scale"));
        Tensor x = Gradients.leaf(folder.tensor("x"));
        ClippedDynamicInput inputs =
                new ClippedDynamicInput(grid, CODE_RATIO, true, SMALLEST_STEP, StraightThrough.PLAIN);
        Tensor factor = inputs.factors(Tensors.full(DTypes.F32, ClippedDynamicInput.INITIAL_LOGIT, 1));
        Tensor quantized = inputs.fake(x, factor, factor);
        report.expect(folder, "init_x_quantized", quantized, new Tolerance(1e-5, 0, 0.005));
        Tensor effective = quantizer.fake(weight, scale, folder.tensor("init_zero_point"));
        Tensor left = Gradients.leaf(folder.tensor((folder.io().has(name + "_L") ? name : "init") + "_L"));
        Tensor right = Gradients.leaf(folder.tensor((folder.io().has(name + "_R") ? name : "init") + "_R"));
        int rank = schedule.rank(step);
        if (rank > 0) {
            Tensor gamma = Ops.toF32(Tensors.of(schedule.gamma(step), schedule.initialRank()));
            effective = effective.add(new AuxiliaryModule(left, right).product(gamma, rank));
        }
        Tensor output = Ops.linear(quantized, effective, folder.tensor("bias"));
        report.expect(folder, name + "_forward", output, FORWARD);
        List<Tensor> found = Gradients.of(output, folder.tensor("upstream"), left, right, scale, weight, x);
        expectIfKnown(folder, report, name + "_grad_L", found.get(0));
        expectIfKnown(folder, report, name + "_grad_R", found.get(1));
        double scaling = quantizer.gradientFactor(weight.size(1));
        expectIfKnown(folder, report, name + "_grad_scale", Ops.mul(found.get(2), scaling));
        expectIfKnown(folder, report, name + "_grad_weight", found.get(3));
        expectIfKnown(folder, report, name + "_grad_x", found.get(4));
    }

    private static void expectIfKnown(CaseFolder folder, CaseReport report, String name, Tensor found) {
        if (folder.io().has(name)) {
            report.expect(folder, name, found, GRADIENT);
        }
    }

    private static void boundary(CaseFolder folder, CaseReport report, RankSchedule schedule, String phase) {
        int rank = schedule.rank(Tensors.toLongs(folder.tensor(phase + "_step"))[0]);
        AuxiliaryModule sorted = new AuxiliaryModule(
                        folder.tensor(phase + "_L_before"), folder.tensor(phase + "_R_before"))
                .sorted(rank);
        Tensor ones = Tensors.ones(DTypes.F32, schedule.initialRank());
        report.expect(folder, phase + "_product_kept", sorted.product(ones, rank), PRODUCT);
        Tensor left = Ops.slice(sorted.left(), 1, 0, rank);
        Tensor right = Ops.slice(sorted.right(), 0, 0, rank);
        report.expect(folder, phase + "_column_norms_after", Ops.norm(left, 0), NORMS);
        report.expect(folder, phase + "_row_norms_after", Ops.norm(right, 1), NORMS);
    }
}
