package io.arvid.verify;

import io.arvid.calibrate.FrameWeights;
import io.arvid.quantize.fake.AffineQuantizer;
import io.arvid.quantize.fit.AffinePairs;
import io.arvid.quantize.fit.InputFit;
import io.arvid.quantize.fit.MinMaxInputFit;
import io.arvid.quantize.fit.MinMaxWeightFit;
import io.arvid.quantize.fit.PercentileInputFit;
import io.arvid.quantize.fit.PercentileWeightFit;
import io.arvid.quantize.fit.WeightFit;
import io.arvid.quantize.scheme.InputPlan;
import io.arvid.quantize.scheme.IntGrid;
import io.arvid.tensor.Ops;
import io.arvid.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;

/** {@code quantizers}: scales, zero points, codes and values of the official weight and activation quantizers. */
final class QuantizersCase implements GoldenCase {
    private static final Pattern WEIGHTS = Pattern.compile("w(\\d+)_(asym|sym|alwayszero)_(mse|max)_delta");
    private static final Pattern INPUTS =
            Pattern.compile("a(\\d+)_(weighted|unweighted|max|maxscale|cross_k|positive|positive_max)_delta");

    @Override
    public void run(CaseFolder folder, CaseReport report) {
        for (String name : folder.io().names()) {
            Matcher weights = WEIGHTS.matcher(name);
            Matcher inputs = INPUTS.matcher(name);
            if (weights.matches()) {
                compareWeights(folder, report, weights);
            } else if (inputs.matches()) {
                compareInputs(folder, report, inputs);
            }
        }
        compareRanges(folder, report);
    }

    private static void compareWeights(CaseFolder folder, CaseReport report, Matcher name) {
        IntGrid grid =
                new IntGrid(Integer.parseInt(name.group(1)), name.group(2).equals("sym"));
        WeightFit fit = name.group(3).equals("max")
                ? new MinMaxWeightFit(name.group(2).equals("alwayszero"))
                : new PercentileWeightFit(percentiles(folder));
        String prefix = name.group().replaceAll("delta$", "");
        Tensor weight = folder.tensor("weight");
        AffinePairs pairs = fit.fit(weight, grid);
        report.expect(folder, prefix + "delta", pairs.scales(), folder.tolerance("delta"));
        report.expect(folder, prefix + "zero_point", pairs.zeros(), folder.tolerance("zero_point"));
        Tensor fake = AffineQuantizer.fake(weight, grid, pairs.scales(), pairs.zeros());
        compareValues(folder, report, prefix + "dequant", fake, weight, pairs.scales());
        if (folder.io().has(prefix + "codes")) {
            Tensor codes = AffineQuantizer.codes(weight, grid, pairs.scales(), pairs.zeros());
            compareValues(folder, report, prefix + "codes", codes, weight, pairs.scales());
        }
    }

    private static void compareInputs(CaseFolder folder, CaseReport report, Matcher name) {
        IntGrid grid = IntGrid.asymmetric(Integer.parseInt(name.group(1)));
        String kind = name.group(2);
        String prefix = name.group().replaceAll("delta$", "");
        Tensor samples = folder.tensor(kind.equals("cross_k") ? "cross_k_sample" : "act_samples");
        if (kind.startsWith("positive")) {
            samples = Ops.add(samples.abs(), 0.7);
        }
        Tensor weights = kind.equals("weighted")
                ? chunkWeights(folder)
                : Tensors.onesLike(samples.select(1, 0).select(1, 0));
        InputFit fit = switch (kind) {
            case "max", "positive_max" -> new MinMaxInputFit(false, false);
            case "maxscale" -> new MinMaxInputFit(false, true);
            default -> percentileFit(folder);
        };
        InputPlan.Static plan = fit.fit(samples, weights, grid);
        Tensor scale = Tensors.of(new float[] {plan.scale()}, 1);
        Tensor zero = Tensors.of(new float[] {plan.zero()}, 1);
        report.expect(folder, prefix + "delta", scale, folder.tolerance("delta"));
        report.expect(folder, prefix + "zero_point", zero, folder.tolerance("zero_point"));
        if (folder.io().has(prefix + "scores")) {
            double[] scores = percentileFit(folder).candidates(samples, weights, grid).stream()
                    .mapToDouble(PercentileInputFit.Candidate::score)
                    .toArray();
            report.expect(
                    prefix + "scores",
                    scores,
                    Tensors.toDoubles(folder.tensor(prefix + "scores")),
                    folder.tolerance("delta"));
        }
        Pattern values = Pattern.compile(prefix + "dequant(?:_sample(\\d+))?");
        for (String tensor : folder.io().names()) {
            Matcher matcher = values.matcher(tensor);
            if (matcher.matches()) {
                int sample = matcher.group(1) == null ? 0 : Integer.parseInt(matcher.group(1));
                Tensor x = Ops.slice(samples, 0, sample, sample + 1);
                compareValues(folder, report, tensor, AffineQuantizer.fake(x, grid, scale, zero), x, scale);
            }
        }
    }

    private static void compareRanges(CaseFolder folder, CaseReport report) {
        List<double[]> rows = new ArrayList<>();
        for (PercentileInputFit.Candidate candidate : percentileFit(folder)
                .candidates(folder.tensor("act_samples"), chunkWeights(folder), IntGrid.asymmetric(8))) {
            rows.add(new double[] {candidate.low(), candidate.high(), candidate.lowBin(), candidate.highBin()});
        }
        double[] ranges =
                rows.stream().flatMapToDouble(java.util.Arrays::stream).toArray();
        report.expect(
                "act_pct_ranges",
                ranges,
                Tensors.toDoubles(folder.tensor("act_pct_ranges")),
                folder.tolerance("delta"));
    }

    /** Equal but for entries of {@code x} that lie on a rounding tie, which may be one step off. */
    private static void compareValues(
            CaseFolder folder, CaseReport report, String name, Tensor actual, Tensor x, Tensor scale) {
        Tensor expected = folder.tensor(name);
        Tensor steps = x.div(scale);
        Tensor distance = Ops.add(steps.sub(steps.floor()), -0.5).abs();
        Tensor step = Ops.mul(name.endsWith("codes") ? Tensors.onesLike(scale) : scale, 1 + 1e-5);
        Tensor excused = distance.lt(Tensors.full(io.arvid.tensor.DTypes.F32, 1e-4, 1))
                .logical_and(actual.sub(expected).abs().le(step));
        report.expect(
                name,
                Ops.where(excused, Ops.toF32(expected), actual),
                expected,
                Tolerance.stated(
                        folder.json().path("tolerance").path("dequant").asText().replaceFirst(".*rtol", "rtol")));
    }

    private static PercentileInputFit percentileFit(CaseFolder folder) {
        return new PercentileInputFit(
                percentiles(folder),
                folder.json().path("config").path("histogram_bins").asInt(),
                folder.json().path("config").path("samples_per_score_batch").asInt());
    }

    private static List<Double> percentiles(CaseFolder folder) {
        List<Double> percentiles = new ArrayList<>();
        folder.json().path("config").path("percentiles").forEach(node -> percentiles.add(node.asDouble()));
        return percentiles;
    }

    /** Weight of each activation sample, float32 {@code [N]}. */
    private static Tensor chunkWeights(CaseFolder folder) {
        return FrameWeights.of(Tensors.toDoubles(folder.tensor("sensitivity")))
                .ofSamples(Tensors.toLongs(folder.tensor("act_chunk_ids")));
    }
}
