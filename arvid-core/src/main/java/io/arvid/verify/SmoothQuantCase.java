package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.model.RolloutStep;
import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.fake.FakeInput;
import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.fit.MinMaxWeightFit;
import io.arvid.quantize.fit.SmoothingScales;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** {@code smoothquant_scales}: smoothing factors for layers that share an input, migrated parameters, and outputs with 8-bit weights and inputs. */
final class SmoothQuantCase implements GoldenCase {
    /** Which layers share the input of a group, as the names of the case's tensors have it. */
    private static final Map<String, List<String>> GROUPS =
            Map.of("qkv", List.of("q", "k", "v"), "fc1", List.of("fc1"));

    private static final IntGrid INT8 = IntGrid.symmetric(8);
    private static final RolloutStep ANY_STEP = RolloutStep.wholeClip(1, 0);

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        Tolerance tensors = folder.tolerance("weights/activations");
        Tensor x = normalized(folder, folder.tensor("ln_weight"), folder.tensor("ln_bias"));
        report.expect(folder, "X", x, near(tensors, folder.tensor("X")));
        report.expect(
                folder, "act_scales", SmoothingScales.channelMagnitudes(x), near(tensors, folder.tensor("act_scales")));
        Tensor given = folder.tensor("X");
        GROUPS.values()
                .forEach(layers -> layers.forEach(
                        layer -> compareOutputs(folder, report, "", layer, given, folder.tensor("W_" + layer))));
        report.expect(
                folder,
                "W_q_int8_per_channel_fakequant",
                fakeWeight(folder.tensor("W_q"), true),
                near(tensors, folder.tensor("W_q")));
        report.expect(
                folder,
                "X_int8_per_token_fakequant",
                fakeInput(given, new Granularity.PerToken()),
                near(tensors, given));
        for (Map.Entry<String, JsonNode> alpha :
                folder.json().path("config").path("alphas").properties()) {
            SmoothingScales scales =
                    SmoothingScales.smoothQuant(alpha.getValue().asDouble());
            GROUPS.forEach(
                    (group, layers) -> compareGroup(folder, report, alpha.getKey() + "_", scales, group, layers));
        }
    }

    private static void compareGroup(
            CaseFolder folder,
            CaseReport report,
            String prefix,
            SmoothingScales scales,
            String group,
            List<String> layers) {
        Tolerance tensors = folder.tolerance("weights/activations");
        Tensor columns = SmoothingScales.guardedWeights(SmoothingScales.columnMagnitudes(
                layers.stream().map(layer -> folder.tensor("W_" + layer)).toList()));
        report.expect(folder, prefix + group + "_weight_absmax", columns, tensors);
        Tensor factors = scales.factors(folder.tensor("act_scales"), columns);
        report.expect(folder, prefix + group + "_scales", factors, folder.tolerance("scales"));
        Tensor lnWeight = folder.tensor("ln_weight").div(factors);
        Tensor lnBias = folder.tensor("ln_bias").div(factors);
        report.expect(folder, prefix + group + "_ln_weight", lnWeight, tensors);
        report.expect(folder, prefix + group + "_ln_bias", lnBias, tensors);
        Tensor x = normalized(folder, lnWeight, lnBias);
        report.expect(folder, prefix + group + "_X", x, near(tensors, x));
        for (String layer : layers) {
            Tensor weight = folder.tensor("W_" + layer).mul(factors);
            report.expect(folder, prefix + "W_" + layer, weight, tensors);
            compareOutputs(folder, report, prefix, layer, x, weight);
        }
    }

    private static void compareOutputs(
            CaseFolder folder, CaseReport report, String prefix, String layer, Tensor x, Tensor weight) {
        String name = prefix + "Y_" + layer;
        Tensor bias = folder.tensor("b_" + layer);
        Tolerance quantized = folder.tolerance("w8a8 outputs");
        report.expect(folder, name, Ops.linear(x, weight, bias), folder.tolerance("Y"));
        report.expect(
                folder,
                name + "_w8a8_pc_ptok",
                Ops.linear(fakeInput(x, new Granularity.PerToken()), fakeWeight(weight, true), bias),
                quantized);
        report.expect(
                folder,
                name + "_w8a8_pt_pt",
                Ops.linear(fakeInput(x, new Granularity.PerTensor()), fakeWeight(weight, false), bias),
                quantized);
    }

    /** Entries near zero are differences of larger ones: the relative tolerance is taken of the largest entry as well. */
    private static Tolerance near(Tolerance stated, Tensor expected) {
        return new Tolerance(stated.rtol() * Tensors.item(expected.abs().max()), stated.rtol());
    }

    private static Tensor normalized(CaseFolder folder, Tensor weight, Tensor bias) {
        double eps = folder.json().path("config").path("layernorm_eps").asDouble();
        return Ops.layerNorm(folder.tensor("h"), weight, bias, eps);
    }

    private static Tensor fakeWeight(Tensor weight, boolean perChannel) {
        Tensor rows = perChannel ? weight : weight.reshape(1, -1);
        AffinePairs pairs = new MinMaxWeightFit().fit(rows, INT8);
        return AffineQuantizer.fake(rows, INT8, pairs.scales(), pairs.zeros()).reshape(Tensors.shape(weight));
    }

    private static Tensor fakeInput(Tensor x, Granularity at) {
        return FakeInput.apply(new InputPlan.Dynamic(INT8, at), ANY_STEP, x);
    }
}
