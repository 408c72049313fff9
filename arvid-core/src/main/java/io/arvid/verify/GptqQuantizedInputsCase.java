package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.fit.ColumnScales;
import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.GptqWeightFit;
import io.arvid.quantize.fit.GramLoss;
import io.arvid.quantize.gram.GramSolver;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** {@code gptq_asymmetric_inputs}: GPTQ for inputs that are quantized while the target is not. */
final class GptqQuantizedInputsCase implements GoldenCase {
    private static final String ACT_ORDER = "_actorder";
    private static final String UNRESOLVED = "no_resolve";
    private static final int BLOCK_SIZE = 128;

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        JsonNode config = folder.json().path("config");
        Tensor inputs = Ops.toF64(folder.tensor("X"));
        Tensor quantized = Ops.toF64(folder.tensor("X_quant"));
        double factor = 2.0 / inputs.size(0);
        Tensor hessian = Ops.mul(quantized.t().matmul(quantized), factor);
        Tensor cross = Ops.mul(inputs.t().matmul(quantized), factor);
        double lambda = damping(config) * Gptq.meanDiagonal(hessian);
        Tolerance grams = folder.tolerance("H/C");
        report.expect(folder, "H", hessian, ofLargest(grams, hessian));
        report.expect(folder, "C", cross, ofLargest(grams, cross));
        report.expect("lambda", lambda, config.path("lam").asDouble(), grams);
        Tensor weight = folder.tensor("W");
        Tensor gram = Ops.mul(inputs.t().matmul(inputs), factor);
        GramLoss loss = GramLoss.of(weight, hessian, cross, gram, inputs.size(0));
        IntGrid grid = IntGrid.asymmetric(config.path("bits").asInt());
        for (Map.Entry<String, JsonNode> run : folder.json().path("results").properties()) {
            String name = run.getKey();
            boolean actOrder = name.endsWith(ACT_ORDER);
            String rule = actOrder ? name.substring(0, name.length() - ACT_ORDER.length()) : name;
            GramLoss damped = damped(rule, loss, weight, lambda);
            Gptq gptq = new Gptq(0, actOrder, BLOCK_SIZE);
            Gptq.Prepared prepared = gptq.prepare(damped.hessian(), 0);
            Tensor target = rule.equals(UNRESOLVED) ? Ops.toF64(weight) : GramSolver.target(damped, prepared);
            AffinePairs pairs = new GptqWeightFit(false).fit(target, grid);
            ColumnScales scales = ColumnScales.fixed(pairs.scales(), pairs.zeros());
            Gptq.Rounded rounded = gptq.roundTowards(target, prepared, scales, grid);
            Tolerance resolved = folder.tolerance("W_resolved");
            expectWhereStated(folder, report, name + "_W_resolved", target, ofLargest(resolved, target));
            expectWhereStated(folder, report, name + "_scale", pairs.scales(), resolved);
            expectWhereStated(folder, report, name + "_zero", pairs.zeros(), Tolerance.EXACT);
            expectWhereStated(folder, report, name + "_perm", rounded.order(), Tolerance.EXACT);
            report.expect(folder, name + "_codes", rounded.codes(), folder.tolerance("codes"));
            report.expect(folder, name + "_dequant", rounded.values(), ofLargest(resolved, rounded.values()));
            Tensor output = Ops.linear(inputs, Ops.toF64(weight), null);
            compareError(
                    folder, report, name, "error_vs_fp_output", run.getValue(), output, quantized, rounded.values());
            compareError(folder, report, name, "error_before_rounding", run.getValue(), output, quantized, target);
        }
    }

    private static void expectWhereStated(
            CaseFolder folder, CaseReport report, String name, Tensor actual, Tolerance tolerance) {
        if (folder.io().has(name)) {
            report.expect(folder, name, actual, tolerance);
        }
    }

    /** Sums of products that nearly cancel: the relative tolerance is taken of the largest entry as well. */
    private static Tolerance ofLargest(Tolerance stated, Tensor expected) {
        return new Tolerance(stated.rtol() * Tensors.item(expected.abs().max()), stated.rtol());
    }

    private static void compareError(
            CaseFolder folder,
            CaseReport report,
            String name,
            String key,
            JsonNode expected,
            Tensor output,
            Tensor quantized,
            Tensor values) {
        double error = Tensors.item(
                Ops.pow(output.sub(Ops.linear(quantized, values, null)), 2).sum());
        report.expect(name + " " + key, error, expected.path(key).asDouble(), folder.tolerance("errors"));
    }

    /** The factor in {@code "lambda = 0.01 * mean(diag(H))"}. */
    private static double damping(JsonNode config) {
        String text = config.path("damping").asText();
        return Double.parseDouble(text.replaceAll("^lambda = ([0-9.eE+-]+) \\*.*$", "$1"));
    }

    /** The loss with the damping that the way called {@code rule} gives it. */
    private static GramLoss damped(String rule, GramLoss loss, Tensor weight, double lambda) {
        GramLoss both = loss.pulledTowards(weight, lambda);
        return switch (rule) {
            case "damped_h_only" -> new GramLoss(both.hessian(), loss.linear(), loss.constant(), loss.count());
            case "damped_both", UNRESOLVED -> both;
            default -> throw new IllegalArgumentException("no way to resolve weights is called '" + rule + "'");
        };
    }
}
