package io.arvid.verify;

import com.fasterxml.jackson.databind.JsonNode;
import io.arvid.calibrate.FrameWeights;
import io.arvid.model.RolloutStep;
import io.arvid.quantize.adaround.LayerReconstruction;
import io.arvid.quantize.adaround.ReconstructionSettings;
import io.arvid.quantize.fake.FakeQuantLayer;
import io.arvid.quantize.fake.FakeWeight;
import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.fit.PercentileInputFit;
import io.arvid.quantize.fit.PercentileWeightFit;
import io.arvid.quantize.fit.ScaledLayer;
import io.arvid.quantize.scheme.Granularity;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.quantize.scheme.LayerPlan;
import io.arvid.quantize.scheme.WeightRule;
import io.arvid.tensor.Ops;
import io.arvid.tensor.TensorScope;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/** {@code layer_reconstruction} and {@code layer_reconstruction_dual}: every stage of a layer's reconstruction on recorded batches. */
final class LayerReconstructionCase implements GoldenCase {
    private static final Pattern ALPHA_BOUNDS =
            Pattern.compile("([0-9.]+) percent of entries within ([0-9.e-]+), every entry within ([0-9.e-]+)");
    private static final RolloutStep ANY_STEP = RolloutStep.wholeClip(1, 0);

    /** A set of columns that the case records apart. */
    private record Part(String suffix, Tensor columns, AffinePairs pairs, InputPlan.Static input) {}

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        ScaledLayer layer = scaledLayer(folder);
        List<Part> parts = parts(folder, layer);
        for (Part part : parts) {
            compareStart(folder, report, part);
        }
        try (LayerReconstruction reconstruction = new LayerReconstruction(
                layer,
                settings(folder.json().path("config")),
                ReconstructionSettings.Extras.NONE,
                folder.tensor("X"),
                folder.tensor("Y"),
                sampleWeights(folder),
                folder.tensor("bias"))) {
            compareAlpha(folder, report, parts, "alpha_init", reconstruction, folder.tolerance("alpha_init"));
            compareGradients(folder, report, parts, reconstruction);
            compareIterations(folder, report, parts, reconstruction);
            compareEnd(folder, report, parts, reconstruction);
        }
    }

    private static boolean isDual(CaseFolder folder) {
        return folder.json().path("config").path("dual_scale").asBoolean();
    }

    private static Tensor sampleWeights(CaseFolder folder) {
        Tensor weights = FrameWeights.of(Tensors.toDoubles(folder.tensor("sensitivity")))
                .ofSamples(Tensors.toLongs(folder.tensor("chunk_ids")));
        return isDual(folder) ? Tensors.onesLike(weights) : weights;
    }

    private static ReconstructionSettings settings(JsonNode config) {
        return new ReconstructionSettings(
                config.path("iters").asInt(),
                config.path("batch_size").asInt(),
                config.path("lr_w").asDouble(),
                config.path("lr_act").asDouble(),
                config.path("round_weight").asDouble(),
                config.path("warmup").asDouble(),
                config.path("b_range").path(0).asDouble(),
                config.path("b_range").path(1).asDouble());
    }

    private static ScaledLayer scaledLayer(CaseFolder folder) {
        JsonNode config = folder.json().path("config");
        Tensor weight = folder.tensor("weight");
        WeightRule rule =
                new WeightRule(IntGrid.asymmetric(config.path("weight_bits").asInt()), new Granularity.PerChannel());
        IntGrid inputGrid = IntGrid.asymmetric(config.path("act_bits").asInt());
        Tensor inputs = folder.tensor("X");
        if (!isDual(folder)) {
            InputPlan input = new PercentileInputFit().fit(inputs, sampleWeights(folder), inputGrid);
            return ScaledLayer.of(weight, rule, new PercentileWeightFit()).withInputs(input, input);
        }
        Tensor outliers = folder.tensor("outlier_indices");
        Tensor normals = folder.tensor("normal_indices");
        return ScaledLayer.split(weight, rule, new PercentileWeightFit(), outliers, normals, false)
                .withInputs(
                        new PercentileInputFit()
                                .fit(inputs.index_select(-1, normals), sampleWeights(folder), inputGrid),
                        new PercentileInputFit()
                                .fit(inputs.index_select(-1, outliers), sampleWeights(folder), inputGrid));
    }

    private static List<Part> parts(CaseFolder folder, ScaledLayer layer) {
        if (!isDual(folder)) {
            Tensor all =
                    Tensors.arange(io.arvid.tensor.DTypes.I64, layer.weight().size(1));
            return List.of(new Part("", all, layer.pairs(), (InputPlan.Static) layer.input()));
        }
        ScaledLayer.Outliers outliers = Objects.requireNonNull(layer.outliers());
        return List.of(
                new Part("_normal", folder.tensor("normal_indices"), layer.pairs(), (InputPlan.Static) layer.input()),
                new Part("_outlier", outliers.columns(), outliers.pairs(), (InputPlan.Static) outliers.input()));
    }

    private static void compareStart(CaseFolder folder, CaseReport report, Part part) {
        Tolerance step = folder.tolerance("final_act_delta");
        String end = part.suffix();
        report.expect(folder, "init_weight_delta" + end, part.pairs().scales(), step);
        report.expect(folder, "init_weight_zero_point" + end, part.pairs().zeros(), Tolerance.EXACT);
        report.expect(folder, "init_act_delta" + end, one(part.input().scale()), step);
        report.expect(folder, "init_act_zero_point" + end, one(part.input().zero()), Tolerance.EXACT);
    }

    /** To the relative tolerance of the losses; entries near zero are sums that cancel, so they count relative to the largest. */
    private static void compareGradients(
            CaseFolder folder, CaseReport report, List<Part> parts, LayerReconstruction reconstruction) {
        LayerReconstruction.Gradients gradients =
                reconstruction.gradients(folder.tensor("batch_indices").select(0, 0));
        double rtol = folder.tolerance("losses").rtol();
        for (int i = 0; i < parts.size(); i++) {
            String end = parts.get(i).suffix();
            double largest = Tensors.item(
                    folder.tensor("first_iter_grad_alpha" + end).abs().max());
            report.expect(
                    folder,
                    "first_iter_grad_alpha" + end,
                    gradients.alpha().index_select(1, parts.get(i).columns()),
                    new Tolerance(rtol * 1e-2 * largest, rtol));
            report.expect(
                    folder,
                    "first_iter_grad_act_delta" + end,
                    Objects.requireNonNull(gradients.inputScales()).select(0, i),
                    Tolerance.relative(rtol));
        }
    }

    private static void compareIterations(
            CaseFolder folder, CaseReport report, List<Part> parts, LayerReconstruction reconstruction) {
        Tensor batches = folder.tensor("batch_indices");
        int iterations = (int) batches.size(0);
        List<double[]> losses = new ArrayList<>();
        List<Tensor> inputScales = new ArrayList<>();
        for (int i = 0; i < iterations; i++) {
            LayerReconstruction.Loss loss = reconstruction.measuredStep(batches.select(0, i));
            losses.add(new double[] {loss.total(), loss.reconstruction(), loss.rounding(), loss.beta()});
            inputScales.add(Ops.copy(reconstruction.inputScales()));
            if (i == 0) {
                compareAlpha(folder, report, parts, "first_iter_alpha", reconstruction, folder.tolerance("alpha_init"));
            }
        }
        report.expect(
                "losses",
                losses.stream().flatMapToDouble(java.util.Arrays::stream).toArray(),
                Tensors.toDoubles(folder.tensor("losses")),
                folder.tolerance("losses"));
        Tensor trajectory = Ops.stack(0, inputScales);
        for (int i = 0; i < parts.size(); i++) {
            String end = parts.get(i).suffix();
            Tensor ofPart = trajectory.select(1, i);
            Tolerance tolerance = folder.tolerance("final_act_delta");
            report.expect(folder, "act_delta_per_iter" + end, ofPart, tolerance);
            report.expect(folder, "final_act_delta" + end, ofPart.select(0, iterations - 1), tolerance);
        }
    }

    private static void compareAlpha(
            CaseFolder folder,
            CaseReport report,
            List<Part> parts,
            String name,
            LayerReconstruction reconstruction,
            Tolerance tolerance) {
        for (Part part : parts) {
            report.expect(
                    folder, name + part.suffix(), reconstruction.alpha().index_select(1, part.columns()), tolerance);
        }
    }

    private static void compareEnd(
            CaseFolder folder, CaseReport report, List<Part> parts, LayerReconstruction reconstruction) {
        Matcher bounds = ALPHA_BOUNDS.matcher(
                folder.json().path("tolerance").path("alpha_final").asText());
        if (!bounds.find()) {
            throw new IllegalArgumentException("no bounds in the tolerance of alpha_final");
        }
        double share = 1 - Double.parseDouble(bounds.group(1)) / 100;
        Tolerance most = new Tolerance(Double.parseDouble(bounds.group(2)), 0, share);
        Tolerance all = Tolerance.absolute(Double.parseDouble(bounds.group(3)));
        compareAlpha(folder, report, parts, "alpha_final", reconstruction, most);
        compareAlpha(folder, report, parts, "alpha_final", reconstruction, all);
        LayerPlan plan = reconstruction.finish();
        Tensor weight = FakeWeight.of(plan);
        for (Part part : parts) {
            compareMerged(folder, report, part, weight.index_select(1, part.columns()), all.atol());
        }
        try (TensorScope scope = TensorScope.open();
                FakeQuantLayer fake = new FakeQuantLayer(plan, folder.tensor("bias"))) {
            Tensor inputs = Ops.slice(folder.tensor("X"), 0, 0, 3);
            compareOutput(folder, report, parts, fake.apply(ANY_STEP, inputs));
        }
    }

    /** Equal but for weights whose rounding was still undecided in the reference. */
    private static void compareMerged(CaseFolder folder, CaseReport report, Part part, Tensor weight, double bound) {
        String name = "merged_weight" + part.suffix();
        Tensor expected = folder.tensor(name);
        Tensor undecided = Ops.ge(folder.tensor("alpha_final" + part.suffix()).abs(), bound)
                .logical_not();
        report.expect(name, Ops.where(undecided, expected, weight), expected, folder.tolerance("final_act_delta"));
    }

    /** An input near a tie may round to the other side: one input step times the largest weight. */
    private static void compareOutput(CaseFolder folder, CaseReport report, List<Part> parts, Tensor output) {
        Tensor expected = folder.tensor("final_output_first3");
        double largest = Tensors.item(expected.abs().max());
        double step = parts.stream()
                .mapToDouble(part -> Tensors.item(folder.tensor("final_act_delta" + part.suffix())))
                .max()
                .orElseThrow();
        double flip = step * Tensors.item(Ops.amax(folder.tensor("weight").abs(), false, 0, 1));
        report.expect(
                "final_output_first3",
                output,
                expected,
                Tolerance.absolute(flip + folder.tolerance("final_act_delta").rtol() * largest));
    }

    private static Tensor one(float value) {
        return Tensors.of(new float[] {value}, 1);
    }
}
