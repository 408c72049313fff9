package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.model.RolloutStep;
import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.fake.FakeInput;
import io.arvid.quantize.fit.LowRankBranch;
import io.arvid.quantize.fit.MinMaxWeightFit;
import io.arvid.quantize.fit.SmoothingScales;
import io.arvid.quantize.fit.SmoothingSearch;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.LinearAlgebra;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/** {@code svdquant_lowrank}: the search for smoothing factors, and the iterated low-rank branch with and without early stop. */
final class LowRankCase implements GoldenCase {
    private static final Pattern WITHOUT_STOP = Pattern.compile("iter(\\d+)_noearlystop");
    private static final int MOST_ITERATIONS = 100;
    private static final RolloutStep ANY_STEP = RolloutStep.wholeClip(1, 0);

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        for (Map.Entry<String, JsonNode> setting :
                folder.json().path("config").path("quantizers").properties()) {
            new Setting(folder, report, setting.getKey(), setting.getValue()).compare();
        }
    }

    /** One pair of quantizers. */
    private record Setting(CaseFolder folder, CaseReport report, String name, JsonNode quantizers) {
        void compare() {
            Tensor y = Ops.linear(folder.tensor("x"), folder.tensor("weight"), folder.tensor("bias"));
            report.expect(
                    folder,
                    "y",
                    y,
                    new Tolerance(
                            folder.tolerance("errors").rtol()
                                    * Tensors.item(y.abs().max()),
                            0));
            Tensor factors = compareSmoothing();
            Tensor weight = folder.tensor("weight").mul(factors);
            Tensor x = folder.tensor("x").div(factors);
            report.expect(folder, name + "_smoothed_weight", weight, folder.tolerance("smooth_scale"));
            Tensor values = LinearAlgebra.singularValues(Ops.toF64(weight));
            double errors = folder.tolerance("errors").rtol();
            report.expect(
                    folder,
                    name + "_singular_values_first",
                    values,
                    new Tolerance(errors * Tensors.item(values.max()), errors));
            Tensor quantized = quantizedInput(x);
            report.expect(
                    folder,
                    name + "_x_quantized",
                    quantized,
                    new Tolerance(
                            folder.tolerance("first_iteration_product").atol(),
                            0,
                            codeTolerance().exceptShare()));
            LowRankBranch.Fitted first = compareIterations("iter", MOST_ITERATIONS, true, weight, x, quantized);
            Tensor forward = Ops.linear(quantized, first.best().quantized(), folder.tensor("bias"))
                    .add(Ops.linear(x, first.best().product(), null));
            report.expectNear(name + "_forward", forward, folder.tensor(name + "_forward"), distance("forward"));
            for (String key : folder.json().path("results").properties().stream()
                    .map(Map.Entry::getKey)
                    .toList()) {
                Matcher matcher = WITHOUT_STOP.matcher(key);
                if (key.startsWith(name + "_") && matcher.find()) {
                    int iterations = Integer.parseInt(matcher.group(1));
                    compareIterations(matcher.group(), iterations, false, weight, x, quantized);
                }
            }
        }

        private Tensor compareSmoothing() {
            Tensor weight = folder.tensor("weight");
            Tensor x = folder.tensor("x");
            Tensor inputs = SmoothingScales.channelMagnitudes(x);
            Tensor columns = SmoothingScales.columnMagnitudes(List.of(weight));
            Tensor expected = folder.tensor(name + "_smooth_candidates");
            int steps = (int) (expected.size(0) + 1) / 2;
            List<SmoothingSearch.Candidate> candidates = new SmoothingSearch(steps)
                    .candidates(inputs, columns, factors -> errorOnce(weight.mul(factors), x.div(factors)));
            double[] rows = new double[candidates.size() * 3];
            for (int i = 0; i < candidates.size(); i++) {
                rows[3 * i] = candidates.get(i).scales().inputExponent();
                rows[3 * i + 1] = candidates.get(i).scales().weightExponent();
                rows[3 * i + 2] = candidates.get(i).error();
            }
            report.expect(
                    folder,
                    name + "_smooth_candidates",
                    Tensors.of(rows, candidates.size(), 3),
                    folder.tolerance("smooth_candidates (alpha, beta, error)"));
            SmoothingSearch.Candidate best = SmoothingSearch.best(candidates);
            JsonNode result = folder.json().path("results").path(name + "_smoothing");
            Tolerance errors = folder.tolerance("errors");
            report.expect(
                    name + " chosen_alpha",
                    best.scales().inputExponent(),
                    result.path("chosen_alpha").asDouble(),
                    Tolerance.absolute(1e-12));
            report.expect(
                    name + " best_error",
                    best.error(),
                    result.path("best_error").asDouble(),
                    errors);
            report.expect(
                    name + " error_without_smoothing_but_low_rank",
                    candidates.getFirst().error(),
                    result.path("error_without_smoothing_but_low_rank").asDouble(),
                    errors);
            report.expect(
                    name + " plain_quantization_error",
                    outputError(x, quantizedInput(x)).of(weight, quantizedWeight(weight)),
                    result.path("plain_quantization_error").asDouble(),
                    errors);
            Tensor factors = best.scales().factors(inputs, columns);
            report.expect(folder, name + "_smooth_scale", factors, folder.tolerance("smooth_scale"));
            return factors;
        }

        private double errorOnce(Tensor weight, Tensor x) {
            return new LowRankBranch(rank(), 1, true)
                    .fit(weight, weightRule(), new MinMaxWeightFit(), outputError(x, quantizedInput(x)))
                    .best()
                    .error();
        }

        private LowRankBranch.Fitted compareIterations(
                String run, int iterations, boolean earlyStop, Tensor weight, Tensor x, Tensor quantized) {
            String prefix = name + "_" + run;
            LowRankBranch.Fitted fitted = new LowRankBranch(rank(), iterations, earlyStop)
                    .fit(weight, weightRule(), new MinMaxWeightFit(), outputError(x, quantized));
            JsonNode result = folder.json().path("results").path(prefix);
            Tolerance errors = folder.tolerance("errors");
            double[] all = fitted.errors().stream().mapToDouble(e -> e).toArray();
            report.expect(folder, prefix + "_errors", Tensors.of(all, all.length), errors);
            report.expect(
                    prefix + " iterations",
                    all.length,
                    result.path("iterations").asInt(),
                    Tolerance.EXACT);
            report.expect(
                    prefix + " best_iteration",
                    fitted.bestIndex(),
                    result.path("best_iteration").asInt(),
                    Tolerance.EXACT);
            report.expect(
                    prefix + " best_error",
                    fitted.best().error(),
                    result.path("best_error").asDouble(),
                    errors);
            if (earlyStop) {
                compareFirst(weight, x, quantized);
            }
            compareBest(prefix, fitted.best());
            return fitted;
        }

        private void compareFirst(Tensor weight, Tensor x, Tensor quantized) {
            Tensor product = new LowRankBranch(rank(), 1, true)
                    .fit(weight, weightRule(), new MinMaxWeightFit(), outputError(x, quantized))
                    .best()
                    .product();
            report.expect(
                    folder, name + "_first_iteration_product", product, folder.tolerance("first_iteration_product"));
        }

        private void compareBest(String prefix, LowRankBranch.Iteration best) {
            report.expectNear(
                    prefix + "_low_rank_product",
                    best.product(),
                    folder.tensor(prefix + "_low_rank_product"),
                    distance("low_rank_product"));
            report.expect(folder, prefix + "_residual_codes", best.codes(), codeTolerance());
            report.expect(folder, prefix + "_residual_scale", best.pairs().scales(), folder.tolerance("errors"));
            report.expectNear(
                    prefix + "_residual_dequant + low_rank_product",
                    best.quantized().add(best.product()),
                    folder.tensor(prefix + "_residual_dequant").add(folder.tensor(prefix + "_low_rank_product")),
                    distance("residual_dequant + low_rank_product"));
            Tensor expectedUp = folder.tensor(prefix + "_L1");
            Tensor expectedDown = folder.tensor(prefix + "_L2");
            Tensor signs = Ops.sum(best.down().mul(expectedDown), false, 1).sign();
            double allowed = distance("low_rank_product");
            report.expectNear(prefix + "_L1 up to signs", best.up().mul(signs), expectedUp, allowed);
            report.expectNear(
                    prefix + "_L2 up to signs", best.down().mul(signs.unsqueeze(1)), expectedDown, allowed * 10);
        }

        private Tolerance codeTolerance() {
            return Tolerance.statedShare(
                    folder.json().path("tolerance").path("residual_codes").asText());
        }

        private double distance(String what) {
            String text = folder.json().path("tolerance").path(what).asText();
            return Double.parseDouble(text.substring(text.lastIndexOf(' ') + 1));
        }

        private int rank() {
            return folder.json().path("config").path("rank").asInt();
        }

        /** {@code Σ ‖X̂ Qᵀ − X (W − L₁ L₂)ᵀ‖²}: what is left of {@code ‖y − ŷ‖²} once the branch, which is not quantized, is taken off both sides. */
        private static LowRankBranch.OutputError outputError(Tensor x, Tensor quantized) {
            return (residual, values) ->
                    Tensors.item(Ops.pow(Ops.linear(quantized, values, null).sub(Ops.linear(x, residual, null)), 2)
                            .sum());
        }

        private Tensor quantizedWeight(Tensor weight) {
            WeightRule rule = weightRule();
            var pairs = new MinMaxWeightFit().fit(weight, rule.grid(), rule.at());
            int in = (int) weight.size(1);
            return AffineQuantizer.fake(
                    weight,
                    rule.grid(),
                    AffineQuantizer.perColumn(pairs.scales(), rule.at(), in),
                    AffineQuantizer.perColumn(pairs.zeros(), rule.at(), in));
        }

        private WeightRule weightRule() {
            JsonNode weight = quantizers.path("weight");
            int columns = weight.path("group_shape").path(1).asInt();
            return new WeightRule(
                    grid(weight), columns < 0 ? new Granularity.PerChannel() : new Granularity.Grouped(columns));
        }

        private Tensor quantizedInput(Tensor x) {
            JsonNode activation = quantizers.path("activation");
            int rows = activation.path("group_shape").path(0).asInt();
            int columns = activation.path("group_shape").path(1).asInt();
            Granularity at = columns > 0
                    ? new Granularity.Grouped(columns)
                    : rows < 0 ? new Granularity.PerTensor() : new Granularity.PerToken();
            InputPlan plan = new InputPlan.Dynamic(grid(activation), at);
            if (!(at instanceof Granularity.PerTensor)) {
                return FakeInput.apply(plan, ANY_STEP, x);
            }
            return Ops.stack(
                    0,
                    java.util.stream.LongStream.range(0, x.size(0))
                            .mapToObj(batch -> FakeInput.apply(plan, ANY_STEP, x.select(0, batch)))
                            .toList());
        }

        private static IntGrid grid(JsonNode quantizer) {
            return IntGrid.symmetric(
                    Integer.parseInt(quantizer.path("dtype").asText().replace("sint", "")));
        }
    }
}
