package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.fit.ColumnScales;
import io.arvid.quantize.fit.Gptq;
import io.arvid.quantize.fit.GptqWeightFit;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.DTypes;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** {@code gptq}: the Hessian of the inputs, and weights rounded with and without act-order, range search, symmetric grids and groups. */
final class GptqCase implements GoldenCase {
    @Override
    public void run(CaseFolder folder, CaseReport report) {
        Tensor hessian = hessian(folder.tensor("X"));
        report.expect(folder, "H", hessian, ofLargest(folder.tolerance("H"), folder.tensor("H")));
        for (Map.Entry<String, JsonNode> run : folder.json().path("results").properties()) {
            Run options = new Run(run.getKey(), run.getValue(), folder);
            if (options.groupSize() > 0) {
                compareGrouped(options, hessian, report);
            } else {
                comparePerRow(options, hessian, report);
            }
        }
    }

    /** H and its factor have entries near zero that are sums of large terms: the stated relative tolerance is taken of the largest entry as well. */
    private static Tolerance ofLargest(Tolerance stated, Tensor expected) {
        return new Tolerance(stated.rtol() * Tensors.item(expected.abs().max()), stated.rtol());
    }

    /** {@code 2/N · Σ x xᵀ} over all tokens, N counting samples. */
    private static Tensor hessian(Tensor inputs) {
        Tensor tokens = Ops.toF64(inputs).reshape(-1, inputs.size(-1));
        double samples = (double) inputs.size(0) * inputs.size(1);
        return Ops.mul(tokens.t().matmul(tokens), 2 / samples);
    }

    private static void comparePerRow(Run run, Tensor hessian, CaseReport report) {
        CaseFolder folder = run.folder();
        Tensor weight = folder.tensor("W");
        IntGrid grid = run.grid();
        AffinePairs pairs = run.ranges().fit(weight, grid);
        report.expect(folder, run.name() + "_scale", pairs.scales(), folder.tolerance("scale"));
        if (!grid.symmetric()) {
            report.expect(folder, run.name() + "_zero", pairs.zeros(), folder.tolerance("zero"));
        }
        Gptq.Rounded rounded =
                run.gptq().round(weight, hessian, ColumnScales.fixed(pairs.scales(), pairs.zeros()), grid);
        Tensor codes = Ops.add(rounded.codes(), grid.symmetric() ? -grid.lowest() : 0);
        report.expect(folder, run.name() + "_codes", codes, run.codeTolerance());
        Tolerance values = folder.tolerance("dequant");
        Tolerance codeTolerance = run.codeTolerance();
        report.expect(
                folder,
                run.name() + "_dequant",
                rounded.values(),
                new Tolerance(values.atol(), values.rtol(), codeTolerance.exceptShare()));
        compareOrder(run, rounded, report);
        compareLosses(run, rounded, report);
        Tensor nearest = AffineQuantizer.fake(weight, grid, pairs.scales(), pairs.zeros());
        report.expect(
                run.name() + " rtn_output_sq_error",
                outputError(folder, nearest),
                run.options().path("rtn_output_sq_error").asDouble(),
                folder.tolerance("output_sq_error"));
        if (folder.io().has(run.name() + "_Hinv_upper")) {
            Tensor dead = Ops.toF64(hessian.diagonal().eq(Tensors.zeros(DTypes.F64)));
            Tensor h = hessian.add(dead.diag());
            Tensor expected = folder.tensor(run.name() + "_Hinv_upper");
            report.expect(
                    folder,
                    run.name() + "_Hinv_upper",
                    Gptq.factor(h, run.damping() * Gptq.meanDiagonal(h)),
                    ofLargest(folder.tolerance("H"), expected));
        }
    }

    private static void compareGrouped(Run run, Tensor hessian, CaseReport report) {
        CaseFolder folder = run.folder();
        Tensor weight = folder.tensor("W");
        Gptq.Rounded rounded = run.gptq().round(weight, hessian, run.groupScales(hessian), run.grid());
        report.expect(
                folder,
                run.name() + "_dequant",
                rounded.values(),
                Tolerance.statedShare(
                        folder.json().path("tolerance").path("group dequant").asText()));
        compareOrder(run, rounded, report);
        compareLosses(run, rounded, report);
    }

    private static void compareOrder(Run run, Gptq.Rounded rounded, CaseReport report) {
        if (run.folder().io().has(run.name() + "_perm")) {
            report.expect(run.folder(), run.name() + "_perm", rounded.order(), Tolerance.EXACT);
        }
    }

    private static void compareLosses(Run run, Gptq.Rounded rounded, CaseReport report) {
        CaseFolder folder = run.folder();
        report.expect(
                run.name() + " sum_of_losses",
                rounded.loss(),
                run.options().path("sum_of_losses").asDouble(),
                folder.tolerance("sum_of_losses"));
        report.expect(
                run.name() + " output_sq_error",
                outputError(folder, rounded.values()),
                run.options().path("output_sq_error").asDouble(),
                folder.tolerance("output_sq_error"));
    }

    /** {@code ‖X (W − Ŵ)ᵀ‖²}. */
    private static double outputError(CaseFolder folder, Tensor values) {
        Tensor tokens = Ops.toF64(folder.tensor("X")).reshape(-1, values.size(1));
        Tensor difference = Ops.toF64(folder.tensor("W")).sub(Ops.toF64(values));
        return Tensors.item(Ops.pow(Ops.linear(tokens, difference, null), 2).sum());
    }

    /** One entry of {@code results}; what it leaves out is in {@code config}. */
    private record Run(String name, JsonNode options, CaseFolder folder) {
        private JsonNode option(String key) {
            return options.has(key)
                    ? options.path(key)
                    : folder.json().path("config").path(key);
        }

        IntGrid grid() {
            return new IntGrid(option("bits").asInt(), option("sym").asBoolean());
        }

        GptqWeightFit ranges() {
            return new GptqWeightFit(option("mse").asBoolean());
        }

        double damping() {
            return options.has("damp")
                    ? options.path("damp").asDouble()
                    : option("percdamp").asDouble();
        }

        int groupSize() {
            return option("groupsize").asInt();
        }

        Gptq gptq() {
            return new Gptq(
                    damping(),
                    option("actorder").asBoolean(),
                    option("blocksize").asInt());
        }

        /** Groups found up front from the weight without its dead columns, or from what remains when each begins. */
        ColumnScales groupScales(Tensor hessian) {
            if (!option("static").asBoolean()) {
                return ColumnScales.refitted(ranges(), grid(), groupSize());
            }
            Tensor used = Ops.toF32(hessian.diagonal().ne(Tensors.zeros(DTypes.F64)));
            Granularity groups = new Granularity.Grouped(groupSize());
            Tensor weight = folder.tensor("W").mul(used);
            AffinePairs pairs = ranges().fit(weight, grid(), groups);
            int in = (int) weight.size(1);
            return ColumnScales.fixed(
                    AffineQuantizer.perColumn(pairs.scales(), groups, in),
                    AffineQuantizer.perColumn(pairs.zeros(), groups, in));
        }

        Tolerance codeTolerance() {
            String stated = folder.json().path("tolerance").path("codes").asText();
            return option("codes_differing_from_float64_run").asInt() == 0
                    ? Tolerance.stated(stated)
                    : Tolerance.statedShare(stated);
        }
    }
}
