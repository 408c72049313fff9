package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.model.RolloutStep;
import io.arvid.quantize.fake.FakeQuantLayer;
import io.arvid.quantize.fit.PercentileWeightFit;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.qarvd.OutlierDetection;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/** {@code outlier_detection}: counts, thresholds and sets of outlier channels, and a layer that is split by them. */
final class OutlierDetectionCase implements GoldenCase {
    private static final Pattern QUANTIZED_OUTPUT = Pattern.compile("layer_out_w(\\d+)");
    private static final RolloutStep ANY_STEP = RolloutStep.wholeClip(1, 0);

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        JsonNode defaults = folder.json().path("config").path("defaults");
        for (JsonNode result : folder.json().path("results")) {
            compareVector(folder, report, result, defaults);
        }
        compareLayer(folder, report, defaults);
    }

    private static void compareVector(CaseFolder folder, CaseReport report, JsonNode result, JsonNode defaults) {
        OutlierDetection detection = detection(result, defaults);
        Tensor norms = folder.tensor(result.path("vector").asText() + "_norms");
        OutlierDetection.Found found = detection.count(Tensors.toFloats(norms), true);
        String name =
                result.path("vector").asText() + "_" + result.path("method").asText() + "_align"
                        + result.path("align").asInt();
        report.expect(name + " count", found.count(), result.path("count").asInt(), folder.tolerance("count"));
        report.expect(
                name + " threshold",
                found.threshold(),
                result.path("threshold").asDouble(),
                folder.tolerance("threshold"));
        boolean usesDefaults = !result.has("mad_threshold") && !result.has("iqr_k") && !result.has("min_ratio");
        if (usesDefaults && folder.io().has(name + "_outliers")) {
            Tensor outliers = OutlierDetection.columns(norms, found.count()).outliers();
            report.expect(folder, name + "_outliers", Ops.sort(outliers, 0), folder.tolerance("indices"));
        }
    }

    private static OutlierDetection detection(JsonNode result, JsonNode defaults) {
        return new OutlierDetection(
                result.path("method").asText().equals("iqr") ? OutlierDetection.Rule.IQR : OutlierDetection.Rule.MAD,
                result.path("mad_threshold")
                        .asDouble(defaults.path("mad_threshold").asDouble()),
                result.path("iqr_k").asDouble(defaults.path("iqr_k").asDouble()),
                result.path("min_ratio")
                        .asDouble(defaults.path("min_ratio_vs_median").asDouble()),
                result.path("align").asInt(OutlierDetection.paper().align()));
    }

    private static void compareLayer(CaseFolder folder, CaseReport report, JsonNode defaults) {
        Tolerance tolerance = folder.tolerance("layer outputs");
        Tensor weight = folder.tensor("layer_weight");
        Tensor norms = OutlierDetection.columnNorms(weight);
        report.expect(folder, "layer_col_norms", norms, folder.tolerance("threshold"));
        OutlierDetection.Columns columns =
                detection(folder.json().path("layer"), defaults).find(weight, true);
        report.expect(folder, "layer_outlier_indices", columns.outliers(), Tolerance.EXACT);
        report.expect(folder, "layer_normal_indices", columns.normals(), Tolerance.EXACT);
        Tensor bias = folder.tensor("layer_bias");
        Tensor input = folder.tensor("layer_input");
        report.expect(folder, "layer_out_fp", splitOutput(input, weight, bias, columns), tolerance);
        for (String name : folder.io().names()) {
            Matcher matcher = QUANTIZED_OUTPUT.matcher(name);
            if (matcher.matches()) {
                WeightRule rule = new WeightRule(
                        IntGrid.asymmetric(Integer.parseInt(matcher.group(1))), new Granularity.PerChannel());
                ScaledLayer layer = ScaledLayer.split(
                        weight, rule, new PercentileWeightFit(), columns.outliers(), columns.normals(), false);
                comparePairs(folder, report, "layer_w" + matcher.group(1), layer);
                try (FakeQuantLayer fake = new FakeQuantLayer(layer.nearest(), bias)) {
                    report.expect(folder, name, fake.apply(ANY_STEP, input), tolerance);
                }
            }
        }
    }

    private static Tensor splitOutput(Tensor input, Tensor weight, Tensor bias, OutlierDetection.Columns columns) {
        Tensor outliers = Ops.linear(
                input.index_select(-1, columns.outliers()), weight.index_select(1, columns.outliers()), bias);
        Tensor normals =
                Ops.linear(input.index_select(-1, columns.normals()), weight.index_select(1, columns.normals()), null);
        return outliers.add(normals);
    }

    private static void comparePairs(CaseFolder folder, CaseReport report, String prefix, ScaledLayer layer) {
        ScaledLayer.Outliers outliers = java.util.Objects.requireNonNull(layer.outliers());
        Tolerance steps = folder.tolerance("threshold");
        report.expect(folder, prefix + "_outlier_delta", outliers.pairs().scales(), steps);
        report.expect(folder, prefix + "_outlier_zero_point", outliers.pairs().zeros(), Tolerance.EXACT);
        report.expect(folder, prefix + "_normal_delta", layer.pairs().scales(), steps);
        report.expect(folder, prefix + "_normal_zero_point", layer.pairs().zeros(), Tolerance.EXACT);
    }
}
