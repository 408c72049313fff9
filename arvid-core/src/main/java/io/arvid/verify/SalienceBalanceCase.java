package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.fit.PercentileWeightFit;
import io.arvid.quantize.fit.SalienceBalance;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/** {@code ptq4dit_balance}: saliences, correlations and factors of three layers, a balanced MLP and a balanced attention, and a quantized layer. */
final class SalienceBalanceCase implements GoldenCase {
    @Override
    public void run(CaseFolder folder, CaseReport report) {
        compareMlp(folder, report);
        compareAttention(folder, report);
        compareQuantized(folder, report);
    }

    /** A layer whose input is divided and whose weight is multiplied by the factors. */
    private record Balanced(Tensor weight, Tensor bias, Tensor factors) {
        static Balanced of(CaseFolder folder, CaseReport report, String layer, Tensor input) {
            Tensor weight = folder.tensor(layer + "_weight");
            SalienceBalance balance = SalienceBalance.of(input, weight);
            Tolerance salience = folder.tolerance("salience");
            report.expect(folder, layer + "_act_salience", balance.inputSalience(), salience);
            report.expect(folder, layer + "_weight_salience", balance.weightSalience(), salience);
            Tolerance correlations = folder.tolerance("spearman/eta");
            report.expect(folder, layer + "_spearman", vector(balance.correlations()), correlations);
            report.expect(folder, layer + "_eta", vector(balance.shares()), correlations);
            Tolerance scale = folder.tolerance("scale");
            report.expect(folder, layer + "_aggregated_act_salience", balance.aggregated(), scale);
            report.expect(folder, layer + "_scale", balance.factors(), scale);
            Balanced balanced =
                    new Balanced(weight.mul(balance.factors()), folder.tensor(layer + "_bias"), balance.factors());
            Tolerance tensors = folder.tolerance("balanced_*");
            report.expect(folder, layer + "_balanced_weight", balanced.weight(), tensors);
            report.expect(folder, layer + "_balanced_x", balanced.input(input), tensors);
            return balanced;
        }

        Tensor input(Tensor x) {
            return x.div(factors);
        }

        Tensor output(Tensor x) {
            return Ops.linear(input(x), weight, bias);
        }
    }

    private static void compareMlp(CaseFolder folder, CaseReport report) {
        Tensor x = folder.tensor("mlp_x");
        Tolerance tolerance = folder.tolerance("mlp_out_balanced/attn_out_balanced");
        Tensor plain = Ops.linear(x, folder.tensor("fc1_weight"), folder.tensor("fc1_bias"));
        report.expect(folder, "mlp_out_fp", afterFirst(folder, plain), tolerance);
        Balanced first = Balanced.of(folder, report, "fc1", x);
        report.expect(folder, "mlp_out_balanced", afterFirst(folder, first.output(x)), tolerance);
        Tensor other = folder.tensor("mlp_x2");
        report.expect(folder, "mlp_out2_balanced", afterFirst(folder, first.output(other)), tolerance);
    }

    private static Tensor afterFirst(CaseFolder folder, Tensor hidden) {
        return Ops.linear(Ops.geluTanh(hidden), folder.tensor("fc2_weight"), folder.tensor("fc2_bias"));
    }

    private static void compareAttention(CaseFolder folder, CaseReport report) {
        Tensor x = folder.tensor("attn_x");
        Tolerance tolerance = folder.tolerance("mlp_out_balanced/attn_out_balanced");
        Tensor plain = Ops.linear(x, folder.tensor("qkv_weight"), folder.tensor("qkv_bias"));
        report.expect(
                folder,
                "attn_out_fp",
                Ops.linear(attend(folder, plain), folder.tensor("proj_weight"), folder.tensor("proj_bias")),
                tolerance);
        Balanced qkv = Balanced.of(folder, report, "qkv", x);
        Tensor attended = attend(folder, qkv.output(x));
        report.expect(folder, "proj_x", attended, tolerance);
        Balanced projection = Balanced.of(folder, report, "proj", folder.tensor("proj_x"));
        report.expect(folder, "attn_out_balanced", projection.output(attended), tolerance);
    }

    /** Self-attention of rows q, k, v, each head after head: {@code [B, N, 3C]} to {@code [B, N, C]}. */
    private static Tensor attend(CaseFolder folder, Tensor qkv) {
        long heads = folder.json().path("config").path("heads").asInt();
        long batch = qkv.size(0);
        long tokens = qkv.size(1);
        long dim = qkv.size(2) / 3;
        Tensor parts = qkv.reshape(batch, tokens, 3, heads, dim / heads).permute(2, 0, 3, 1, 4);
        Tensor output = Ops.attention(parts.select(0, 0), parts.select(0, 1), parts.select(0, 2), null);
        return output.transpose(1, 2).reshape(batch, tokens, dim);
    }

    private static void compareQuantized(CaseFolder folder, CaseReport report) {
        JsonNode config = folder.json().path("config");
        IntGrid weightGrid = IntGrid.asymmetric(config.path("weight_bits").asInt());
        IntGrid inputGrid = IntGrid.asymmetric(config.path("act_bits").asInt());
        Tensor x = folder.tensor("mlp_x");
        Tensor weight = folder.tensor("fc1_weight");
        Tensor bias = folder.tensor("fc1_bias");
        Tensor factors = SalienceBalance.of(x, weight).factors();
        Tolerance outputs = Tolerance.statedShare(
                folder.json().path("tolerance").path("quantized outputs").asText());
        Tolerance scale = folder.tolerance("scale");

        Tensor balanced = weight.mul(factors);
        AffinePairs rows = new PercentileWeightFit().fit(balanced, weightGrid);
        Tensor fakeWeight = AffineQuantizer.fake(balanced, weightGrid, rows.scales(), rows.zeros());
        report.expect(folder, "fc1_balanced_weight_delta", rows.scales(), scale);
        report.expect(folder, "fc1_balanced_weight_zero_point", rows.zeros(), Tolerance.EXACT);
        report.expect(
                folder,
                "fc1_balanced_weight_dequant",
                fakeWeight,
                new Tolerance(
                        scale.rtol() * Tensors.item(fakeWeight.abs().max()), scale.rtol(), outputs.exceptShare()));
        AffinePairs input = wholeTensor(x.div(factors), inputGrid);
        report.expect(folder, "fc1_balanced_act_delta", input.scales(), scale);
        report.expect(folder, "fc1_balanced_act_zero_point", input.zeros(), Tolerance.EXACT);
        Tensor fakeInput = AffineQuantizer.fake(x.div(factors), inputGrid, input.scales(), input.zeros());
        report.expect(folder, "fc1_balanced_out_quantized", Ops.linear(fakeInput, fakeWeight, bias), outputs);

        AffinePairs plainRows = new PercentileWeightFit().fit(weight, weightGrid);
        AffinePairs plainInput = wholeTensor(x, inputGrid);
        Tensor plain = Ops.linear(
                AffineQuantizer.fake(x, inputGrid, plainInput.scales(), plainInput.zeros()),
                AffineQuantizer.fake(weight, weightGrid, plainRows.scales(), plainRows.zeros()),
                bias);
        report.expect(folder, "fc1_plain_out_quantized", plain, outputs);
    }

    /** One pair for all of x, by percentiles with linear interpolation. */
    private static AffinePairs wholeTensor(Tensor x, IntGrid grid) {
        return new PercentileWeightFit().fit(x.reshape(1, -1), grid);
    }

    private static Tensor vector(double[] values) {
        return Tensors.of(values, values.length);
    }
}
